package stages

import "strings"

// nearest returns the known name that is most likely meant by a misspelt
// one, or "" where none is close.
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, bestDistance := "", 2+len(name)/4
	for _, k := range known {
		if d := distance(fold(name), fold(k)); d < bestDistance {
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

// distance is Levenshtein's: the least number of inserted, removed and
// replaced bytes that turns a into b.
func distance(a, b string) int {
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
