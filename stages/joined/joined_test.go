package joined

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func TestRows(t *testing.T) {
	inputs := map[string][]byte{
		Part(0): npy.Encode([]int{2, 2}, []float64{1, 2, 3, 4}),
		Part(1): npy.Encode([]int{1, 2}, []float64{5, 6}),
	}
	out, err := Run(t.Context(), Params{Form: Rows, Parts: 2}, task.New(inputs))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(npy.Encode([]int{3, 2}, []float64{1, 2, 3, 4, 5, 6}), out[Whole]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	inputs[Part(1)] = npy.Encode([]int{2, 1}, []float64{5, 6})
	if _, err := Run(t.Context(), Params{Form: Rows, Parts: 2}, task.New(inputs)); err == nil || !strings.Contains(err.Error(), "want rows of shape [2]") {
		t.Errorf("error is %v", err)
	}
	inputs[Part(0)], inputs[Part(1)] = npy.Encode([]int{1, 2, 2}, []float64{1, 2, 3, 4}), npy.Encode([]int{1, 2, 2}, []float64{5, 6, 7, 8})
	if out, err = Run(t.Context(), Params{Form: Rows, Parts: 2}, task.New(inputs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(npy.Encode([]int{2, 2, 2}, []float64{1, 2, 3, 4, 5, 6, 7, 8}), out[Whole]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := Run(t.Context(), Params{Form: "columns", Parts: 2}, task.New(inputs)); err == nil {
		t.Error("an unknown form is taken")
	}
}

func TestIncrements(t *testing.T) {
	part := func(parameters int, sizes ...int) []byte {
		s := artifact.IncrementSummary{Parameters: parameters, Increments: []artifact.Increment{}}
		for _, k := range sizes {
			s.Increments = append(s.Increments, artifact.Increment{K: k})
		}
		b, err := artifact.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	out, err := Run(t.Context(), Params{Form: Increments, Parts: 2}, task.New(map[string][]byte{Part(0): part(7, 1, 2), Part(1): part(7, 5)}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(part(7, 1, 2, 5)), string(out[Whole])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = Run(t.Context(), Params{Form: Increments, Parts: 2}, task.New(map[string][]byte{Part(0): part(7, 1), Part(1): part(8, 5)}))
	if err == nil || !strings.Contains(err.Error(), "of 8 weights") {
		t.Errorf("error is %v", err)
	}
}

// TestDensity: the moment's estimate and error are over all probes.
func TestDensity(t *testing.T) {
	part := func(steps int, moments ...float64) []byte {
		d := artifact.Density{Term: "H", Objects: 3, Parameters: 9, Steps: steps, Mass: 1, Deflated: []float64{}, ProbeMoments: moments, Products: steps * len(moments)}
		d.Estimate()
		b, err := artifact.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	join := func(parts ...[]byte) (string, error) {
		inputs := map[string][]byte{}
		for i, b := range parts {
			inputs[Part(i)] = b
		}
		out, err := Run(t.Context(), Params{Form: Density, Parts: len(parts)}, task.New(inputs))
		return string(out[Whole]), err
	}
	got, err := join(part(5, 1, 2), part(5, 4))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(part(5, 1, 2, 4)), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err = join(part(5, 1), part(6, 1)); err == nil || !strings.Contains(err.Error(), "another density") {
		t.Errorf("error is %v", err)
	}
}
