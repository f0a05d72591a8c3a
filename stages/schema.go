package stages

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// field is one key of a table of params.toml: what it means, what it may
// hold, and where its value goes. Checking, the documentation and the
// suggestions for misspelt keys all come from it.
type field struct {
	name   string
	doc    string // what it means, with the unit
	values string // its type and range: "Integer, 1 to 10000"
	byDef  string // the default, written as in TOML; "" if the key is required
	read   func(r *reader, label string, n *node) bool
}

// limits returns what the comment above the key in params.toml says of its
// type, range and default.
func (f field) limits() string {
	if f.byDef == "" {
		return f.values + ". Required."
	}
	return f.values + ". Default " + f.byDef + "."
}

// or replaces the default in the documentation where it depends on other keys.
func (f field) or(byDef string) field {
	f.byDef = byDef
	return f
}

// interval is a range of finite real numbers.
type interval struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

func (iv interval) holds(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0) &&
		(x > iv.lo || !iv.loOpen && x == iv.lo) && (x < iv.hi || !iv.hiOpen && x == iv.hi)
}

func (iv interval) String() string {
	if !iv.loOpen && !iv.hiOpen {
		return formatFloat(iv.lo) + " to " + formatFloat(iv.hi)
	}
	lo, hi := "at least ", "at most "
	if iv.loOpen {
		lo = "above "
	}
	if iv.hiOpen {
		hi = "below "
	}
	return lo + formatFloat(iv.lo) + ", " + hi + formatFloat(iv.hi)
}

// formatFloat writes a number as people write it: 0.001, 1e-8.
func formatFloat(x float64) string {
	return strings.NewReplacer("e-0", "e-", "e+0", "e").Replace(strconv.FormatFloat(x, 'g', -1, 64))
}

// integer is what a count or a seed may be.
type integer interface{ int | int64 }

func between[T integer](lo, hi T) string {
	if int64(hi) == math.MaxInt64 {
		return fmt.Sprintf("%d or more", lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

func integerField[T integer](name, doc string, to *T, lo, hi T) field {
	return field{
		name: name, doc: doc, values: "Integer, " + between(lo, hi), byDef: fmt.Sprint(*to),
		read: func(r *reader, label string, n *node) bool {
			x, ok := readInteger(r, label+" is", n, lo, hi)
			if ok {
				*to = x
			}
			return ok
		},
	}
}

// readInteger reads one integer. The subject is what its problems begin with:
// "train.epochs is" or "experiment.paper.k holds".
func readInteger[T integer](r *reader, subject string, n *node, lo, hi T) (T, bool) {
	// The decoder takes -1 for an unsigned target without an error, so
	// integers are int64 until their range is checked.
	x, ok := n.value.(int64)
	if !ok {
		r.wrongType(subject, n, "an integer", between(lo, hi))
		return 0, false
	}
	if x < int64(lo) || x > int64(hi) {
		r.outOfRange(subject, n, between(lo, hi))
		return 0, false
	}
	return T(x), true
}

func floatField(name, doc string, to *float64, iv interval) field {
	return field{
		name: name, doc: doc, values: "Number, " + iv.String(), byDef: formatFloat(*to),
		read: func(r *reader, label string, n *node) bool {
			var x float64
			switch v := n.value.(type) {
			case float64:
				x = v
			case int64:
				x = float64(v)
			default:
				r.wrongType(label+" is", n, "a number", iv.String())
				return false
			}
			if !iv.holds(x) {
				r.outOfRange(label+" is", n, iv.String())
				return false
			}
			*to = x
			return true
		},
	}
}

func booleanField(name, doc string, to *bool) field {
	return field{
		name: name, doc: doc, values: "Boolean", byDef: fmt.Sprint(*to),
		read: func(r *reader, label string, n *node) bool {
			b, ok := n.value.(bool)
			if !ok {
				r.wrongType(label+" is", n, "a boolean", "true or false")
				return false
			}
			*to = b
			return true
		},
	}
}

// choiceField is a text of which only the given ones are known.
func choiceField(name, doc string, to *string, known []string) field {
	return field{
		name: name, doc: doc, values: "One of " + quotedList(known), byDef: strconv.Quote(*to),
		read: func(r *reader, label string, n *node) bool {
			text, ok := readChoice(r, label+" is", n, known)
			if ok {
				*to = text
			}
			return ok
		},
	}
}

func readChoice(r *reader, subject string, n *node, known []string) (string, bool) {
	text, ok := n.value.(string)
	if !ok {
		r.wrongType(subject, n, "a text", quotedList(known))
		return "", false
	}
	if !slices.Contains(known, text) {
		hint := "known: " + quotedList(known)
		if near := nearest(text, known); near != "" {
			hint = fmt.Sprintf("did you mean %q? ", near) + hint
		}
		r.report(n.val, fmt.Sprintf("%s %s, which is not known", subject, r.src.show(n.val)), hint)
		return "", false
	}
	return text, true
}

func integersField[T integer](name, doc string, to *[]T, lo, hi T) field {
	return listField(name, doc, "List of integers, each ", between(lo, hi), to, func(r *reader, label string, n *node) (T, bool) {
		return readInteger(r, label, n, lo, hi)
	})
}

func choicesField(name, doc string, to *[]string, known []string) field {
	return listField(name, doc, "List of ", quotedList(known), to, func(r *reader, label string, n *node) (string, bool) {
		return readChoice(r, label, n, known)
	})
}

// maxList bounds the length of a list, so that a slip of the hand cannot ask
// for more networks than there is memory to name.
const maxList = 10_000

// listField is a list without duplicates, not empty unless its default is.
func listField[T comparable](name, doc, of, allowed string, to *[]T, readElem func(*reader, string, *node) (T, bool)) field {
	mayBeEmpty := *to != nil && len(*to) == 0
	return field{
		name: name, doc: doc, values: of + allowed, byDef: tomlList(*to),
		read: func(r *reader, label string, n *node) bool {
			if n.kind != arrayNode {
				r.wrongType(label+" is", n, "a list", allowed)
				return false
			}
			if len(n.elems) == 0 && !mayBeEmpty {
				r.report(n.val, label+" is an empty list", "it needs at least one value; allowed: "+allowed)
				return false
			}
			if len(n.elems) > maxList {
				r.report(n.val, fmt.Sprintf("%s has %d values", label, len(n.elems)), fmt.Sprintf("allowed: at most %d", maxList))
				return false
			}
			list, ok := make([]T, 0, len(n.elems)), true
			seen := make(map[T]bool, len(n.elems))
			for _, e := range n.elems {
				x, good := readElem(r, label+" holds", e)
				switch {
				case !good:
					ok = false
				case seen[x]:
					r.report(e.val, fmt.Sprintf("%s holds %s twice", label, r.src.show(e.val)), "each value may stand once")
					ok = false
				default:
					seen[x] = true
					list = append(list, x)
				}
			}
			if ok {
				*to = list
			}
			return ok
		},
	}
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	return strings.Join(quoted, ", ")
}

func tomlList[T any](list []T) string {
	texts := make([]string, len(list))
	for i, x := range list {
		if s, ok := any(x).(string); ok {
			texts[i] = strconv.Quote(s)
		} else {
			texts[i] = fmt.Sprint(x)
		}
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
