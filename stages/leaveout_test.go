package stages

import (
	"slices"
	"testing"
)

// TestWithout: an experiment that stands in for a data set runs exactly where that
// is left out, and neither changes which run it is.
func TestWithout(t *testing.T) {
	whole := mustParse(t, `
[[experiment]]
name = "a"
[[experiment]]
name = "b"
dataset = "fashion_mnist"
[[experiment]]
name = "c"
in_place_of = "fashion_mnist"
hidden_size = [12]
`)
	for _, tt := range []struct{ without, want []string }{
		{nil, []string{"a", "b"}},
		{[]string{"fashion_mnist"}, []string{"a", "c"}},
		{[]string{"mnist"}, []string{"b"}},
	} {
		p, err := whole.Without(tt.without...)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range p.running() {
			names = append(names, e.Name)
		}
		if !slices.Equal(names, tt.want) {
			t.Errorf("without %v the experiments %v run, want %v", tt.without, names, tt.want)
		}
		if p.Digest() != whole.Digest() {
			t.Errorf("without %v the digest of the params is another one", tt.without)
		}
	}
	for _, wrong := range [][]string{{"cifar10"}, {"mnist", "fashion_mnist"}} {
		if _, err := whole.Without(wrong...); err == nil {
			t.Errorf("no error without %v", wrong)
		}
	}
}
