// Package suggest finds the known name that a misspelt one probably means.
package suggest

import "strings"

// Nearest returns the known name that is most likely meant by a misspelt one,
// or "" if none is close. Case, spaces, hyphens and underscores do not count.
func Nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, bestDistance := "", 2+len(name)/4
	for _, k := range known {
		if d := Distance(fold(name), fold(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best != "" || len(name) < 3 {
		return best
	}
	for _, k := range known {
		if strings.Contains(fold(k), fold(name)) || strings.Contains(fold(name), fold(k)) {
			return k
		}
	}
	return ""
}

// fold removes the differences that a reader does not see as a mistake.
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
}

// Distance is Levenshtein's: the least number of inserted, removed and
// replaced bytes that turns a into b.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
