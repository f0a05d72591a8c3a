package spectra

import (
	"bytes"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// TestPartsGiveTheSameBits: a run that finds some of its parts gives what a run
// that finds none does, with Lanczos, whole matrices and the Gram matrix, and
// where the ends of the spectrum meet; and what it finds is not computed again.
func TestPartsGiveTheSameBits(t *testing.T) {
	few := params()
	few.Vectors = 3
	dense, gram, plain, tiny := params(), params(), params(), params()
	dense.Dense, gram.Gram = 1000, 1000
	plain.BlockSteps, plain.Classes, plain.KinkObjects, plain.Bottom = 0, false, 0, 0
	tiny.Top, tiny.Bottom, tiny.Vectors = 30, 20, 30
	for name, c := range map[string]struct {
		p      Params
		widths []int
	}{
		"lanczos": {params(), []int{20, 7, 6, 4}}, "few vectors": {few, []int{20, 7, 6, 4}}, "dense": {dense, []int{20, 7, 6, 4}},
		"gram": {gram, []int{20, 7, 6, 4}}, "plain": {plain, []int{20, 7, 6, 4}}, "tiny": {tiny, []int{5, 3, 2}}, "one matrix": {params(), []int{9, 4}},
	} {
		inputs := curvaturetest.Inputs(t, 60, c.widths...)
		kept := map[string][]byte{}
		k := task.New(inputs)
		k.Part = func(part string, f func() ([]byte, error)) ([]byte, error) {
			b, err := f()
			kept[part] = bytes.Clone(b)
			return b, err
		}
		want, err := Run(t.Context(), c.p, k)
		if err != nil {
			t.Fatal(err)
		}
		layers := len(c.widths) - 1
		if wanted := 3 + min(c.p.BlockSteps, 1)*layers*(layers+1); len(kept) != wanted {
			t.Errorf("%s: %d parts, want %d", name, len(kept), wanted)
		}
		for _, every := range []int{1, 2, 3} { // how many of the parts are found
			found, at := map[string][]byte{}, 0
			for part, b := range kept {
				if at++; at%every == 0 {
					found[part] = b
				}
			}
			k := task.New(inputs)
			k.Part = func(part string, f func() ([]byte, error)) ([]byte, error) {
				if b, ok := found[part]; ok {
					return b, nil
				}
				return f()
			}
			got, err := Run(t.Context(), c.p, k)
			if err != nil {
				t.Fatal(err)
			}
			for output := range want {
				if !bytes.Equal(got[output], want[output]) {
					t.Errorf("%s, every part of %d found: output %s differs:\n%.400s\nwant\n%.400s", name, every, output, got[output], want[output])
				}
			}
		}
	}
}
