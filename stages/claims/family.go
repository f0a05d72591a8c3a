package claims

import (
	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// family is a set of tests whose p-values are adjusted together.
type family struct{ tests []*artifact.ClaimTest }

// add puts a test into the family and returns it; Adjusted is set later.
func (f *family) add(p float64, exact bool) *artifact.ClaimTest {
	t := &artifact.ClaimTest{P: p, Adjusted: 1, Exact: exact}
	f.tests = append(f.tests, t)
	return t
}

func (f *family) adjust() {
	p := make([]float64, len(f.tests))
	for i, t := range f.tests {
		p[i] = t.P
	}
	for i, a := range stats.Holm(p) {
		f.tests[i].Adjusted = a
	}
}

// agree is the verdict of two versions of a claim: theirs if they agree.
func agree(a, b string) string {
	if a == b {
		return a
	}
	return artifact.Undecided
}
