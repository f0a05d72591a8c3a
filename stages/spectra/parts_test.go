package spectra

import (
	"bytes"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// parts runs the stages that Run is cut into, the layer blocks in groups of so
// many pairs.
func parts(t *testing.T, p Params, inputs map[string][]byte, layers, group int) map[string][]byte {
	t.Helper()
	must := func(out map[string][]byte, err error) map[string][]byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	with := func(more map[string][]byte) *task.Task {
		all := map[string][]byte{}
		for _, m := range []map[string][]byte{inputs, more} {
			for name, b := range m {
				all[name] = b
			}
		}
		return task.New(all)
	}
	structure := map[string][]byte{}
	var whole map[string][]byte
	count := 0
	for _, term := range []string{"H", "G", "R"} {
		out := must(RunOperator(t.Context(), p.Operator(term), task.New(inputs)))
		structure[OfTerm(term, Eigenvalues)] = out[Eigenvalues]
		switch term {
		case "H":
			whole = map[string][]byte{Eigenvalues: out[Eigenvalues], Vectors: out[Vectors]}
		case "G":
			structure[OfTerm(term, Vectors)] = out[Vectors]
		case "R":
			continue
		}
		count = 0
		pairs := len(curvature.LayerPairs(layers))
		for from := 0; p.BlockSteps > 0 && from < pairs; from += group {
			b := must(RunBlocks(t.Context(), p.Blocks(term, from, min(from+group, pairs)), with(out)))
			structure[BlocksOf(term, count)] = b[Blocks]
			count++
		}
	}
	whole[Spectrum] = must(RunStructure(t.Context(), p.Structure(count), with(structure)))[Spectrum]
	return whole
}

// TestPartsGiveTheSameBits: the work in one stage and cut into several, with
// Lanczos, whole matrices and the Gram matrix, and where the ends of the
// spectrum meet.
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
		want := func() map[string][]byte { _, out := run(t, c.p, 2, inputs); return out }()
		got := parts(t, c.p, inputs, len(c.widths)-1, 4)
		for output := range want {
			if !bytes.Equal(got[output], want[output]) {
				t.Errorf("%s: output %s of the parts differs:\n%.400s\nwant\n%.400s", name, output, got[output], want[output])
			}
		}
	}
}

// TestPartsRefuse what does not fit together.
func TestPartsRefuse(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 20, 20, 5, 3)
	k := task.New(inputs)
	if _, err := RunOperator(t.Context(), params().Operator("K"), k); err == nil || !strings.Contains(err.Error(), `"K"`) {
		t.Errorf("operator K: %v", err)
	}
	out, err := RunOperator(t.Context(), params().Operator("H"), k)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range inputs {
		out[name] = b
	}
	if _, err := RunBlocks(t.Context(), params().Blocks("H", 2, 4), task.New(out)); err == nil || !strings.Contains(err.Error(), "within 0 to 3") {
		t.Errorf("a block too many: %v", err)
	}
	delete(out, Eigenvalues)
	if _, err := RunBlocks(t.Context(), params().Blocks("H", 0, 3), task.New(out)); err == nil || !strings.Contains(err.Error(), Eigenvalues) {
		t.Errorf("no eigenvalues: %v", err)
	}
	for _, term := range []string{"H", "G", "R"} {
		part, err := RunOperator(t.Context(), params().Operator(term), k)
		if err != nil {
			t.Fatal(err)
		}
		out[OfTerm(term, Eigenvalues)] = part[Eigenvalues]
	}
	b, err := RunBlocks(t.Context(), params().Blocks("H", 1, 3), func() *task.Task { out[Eigenvalues] = out["H/eigenvalues"]; return task.New(out) }())
	if err != nil {
		t.Fatal(err)
	}
	out[BlocksOf("H", 0)], out[BlocksOf("G", 0)] = b[Blocks], b[Blocks]
	if _, err := RunStructure(t.Context(), params().Structure(1), task.New(out)); err == nil || !strings.Contains(err.Error(), "want 0") {
		t.Errorf("blocks from the second on: %v", err)
	}
}
