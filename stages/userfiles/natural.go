package userfiles

import "strings"

// natural compares names as people order them: runs of digits by their value,
// so that layer2 comes before layer10. Names that differ in leading zeros
// alone are ordered by their bytes.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m > 0 && n > 0 {
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if c := strings.Compare(p, q); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if c := len(x) - len(y); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// digits is the length of the number that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// numbered reports whether numbers say that a comes before b: the names differ
// in these alone.
func numbered(a, b string) bool {
	return withoutNumbers(a) == withoutNumbers(b) && natural(a, b) < 0
}

// withoutNumbers replaces each run of digits by one 0.
func withoutNumbers(name string) string {
	var text strings.Builder
	for name != "" {
		if n := digits(name); n > 0 {
			text.WriteByte('0')
			name = name[n:]
			continue
		}
		text.WriteByte(name[0])
		name = name[1:]
	}
	return text.String()
}
