package measured

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := artifact.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRead: what was not asked for is left out, the lists are cut to what was
// asked for, and numbers that were not computed are null.
func TestRead(t *testing.T) {
	value := artifact.Eigenvalue{Value: 2}
	results := map[string][]byte{
		"spectra/spectrum": encode(t, artifact.Spectrum{Objects: 2, Hessian: artifact.TermSpectrum{
			Top: []artifact.Eigenvalue{value, value}, Bottom: []artifact.Eigenvalue{value},
			Complete: &artifact.Complete{Top: 1, AskedTop: 2, Bottom: 1, AskedBottom: 1},
		}}),
		"objects/objects":  npy.Encode([]int{2, 4}, []float64{0.5, 1, 0, 0, 0.25, 3, 0, 0}),
		"objects/hessians": npy.Encode([]int{1, 3}, []float64{1, 7, -2}),
		"objects/summary":  encode(t, artifact.ObjectSummary{LargestHessian: 7, NextBound: 5, MaximumProven: true}),
	}
	read := func(name string) ([]byte, error) {
		if b, ok := results[name]; ok {
			return b, nil
		}
		return nil, ErrNotAsked
	}
	n, err := Read(read, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n.Density != nil || n.Increments != nil || n.Bounds != nil || n.Chain != nil {
		t.Errorf("results that were not asked for: %+v", n)
	}
	if o := n.Objects; !math.IsNaN(o.Hessian[0]) || o.Hessian[1] != 7 || o.Least[1] != -2 || o.GaussNewton[1] != 3 {
		t.Errorf("objects %+v", n.Objects)
	}
	text, err := json.Marshal(n.Value())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"hessian_norm":[null,7]`, `"bottom":[]`, `"maximum_proven":true`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(string(text), `"bounds"`) {
		t.Errorf("bounds were not asked for: %s", text)
	}
	if lists := n.Incomplete(); len(lists) != 1 || !strings.HasPrefix(lists[0], "1 of the 2 largest eigenvalues of H") {
		t.Errorf("incomplete: %q", lists)
	}

	delete(results, "spectra/spectrum")
	if _, err := Read(read, 2, 0); !errors.Is(err, ErrNotAsked) || !strings.Contains(err.Error(), "spectra/spectrum") {
		t.Errorf("without a spectrum: error %v", err)
	}
	results["spectra/spectrum"] = []byte("{")
	if _, err := Read(read, 2, 0); err == nil || !strings.Contains(err.Error(), "spectra/spectrum") {
		t.Errorf("a cut spectrum: error %v", err)
	}
	lost := fmt.Errorf("lost")
	if _, err := Read(func(string) ([]byte, error) { return nil, lost }, 2, 0); !errors.Is(err, lost) {
		t.Errorf("a reader that fails: error %v", err)
	}
}
