package artifact

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func exampleSpectrum() Spectrum {
	frobenius := 2.5
	term := TermSpectrum{
		Norm: 2, Trace: 3, Frobenius: &frobenius, Method: "lanczos", Products: 60, Converged: true,
		Top:    []Eigenvalue{{2, 1e-9, 1e-18}, {1, 1e-8, 1e-16}},
		Bottom: []Eigenvalue{{-0.5, 1e-9, 1e-18}}, Outliers: 1, Gap: 2, Block: 1e-8, Rounding: 1e-13, Missed: 0.01,
	}
	return Spectrum{
		Objects: 3, Parameters: 10, Layers: 2, Widths: []int{2, 3, 2}, Loss: 0.25, GradientNorm: 1,
		Hessian: term, GaussNewton: term, HTerm: term, Ratio: 1, LayerTraces: []float64{1, 2},
		NullSpace: NullSpace{DeadUnits: []int{0}, Kink: &Kink{Objects: 3, Margin: 0.1, Layer: 1}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	want := exampleSpectrum()
	b, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[Spectrum](b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spectrum changed (-want +got):\n%s", diff)
	}
	for _, text := range []string{
		strings.TrimSpace(string(b)), string(b) + " ",
		strings.Replace(string(b), `"ratio":1`, `"ratio":1.0`, 1),
		strings.Replace(string(b), `"ratio":1,`, ``, 1),
		strings.Replace(string(b), `"ratio"`, `"ration"`, 1),
		string(b[:len(b)/2]), "",
	} {
		if _, err := Decode[Spectrum]([]byte(text)); err == nil {
			t.Errorf("accepted %.60q…", text)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	change := func(f func(*Spectrum)) Spectrum {
		s := exampleSpectrum()
		f(&s)
		return s
	}
	for want, s := range map[string]Spectrum{
		"NaN":             change(func(s *Spectrum) { s.Loss = math.NaN() }),
		"descending":      change(func(s *Spectrum) { s.Hessian.Top = []Eigenvalue{{1, 0, 0}, {2, 0, 0}} }),
		"ascending":       change(func(s *Spectrum) { s.HTerm.Bottom = []Eigenvalue{{1, 0, 0}, {0, 0, 0}} }),
		"gauss_newton.me": change(func(s *Spectrum) { s.GaussNewton.Method = "guess" }),
		"negative":        change(func(s *Spectrum) { s.Hessian.Top = []Eigenvalue{{1, -1, 0}} }),
		"objects":         change(func(s *Spectrum) { s.Objects = 0 }),
		"layer_blocks":    change(func(s *Spectrum) { s.LayerBlocks = &LayerBlocks{} }),
		"layer traces":    change(func(s *Spectrum) { s.LayerTraces = nil }),
	} {
		if _, err := Encode(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not speak of %q", err, want)
		}
	}
	if _, err := Encode(Density{Objects: 1, Parameters: 1, Steps: 1, Probes: 1, Mass: 2}); err == nil {
		t.Error("a mass of 2 was accepted")
	}
	if _, err := Encode(IncrementSummary{Increments: []Increment{{K: 2}, {K: 2}}}); err == nil {
		t.Error("a repeated size was accepted")
	}
	if _, err := Encode(ObjectSummary{Objects: 2, Exact: 3}); err == nil {
		t.Error("3 exact of 2 objects were accepted")
	}
	snapshot := RotationSnapshot{Epoch: 1, Values: []float64{1}}
	for _, r := range []Rotation{
		{Objects: 1, Parameters: 2, Dimension: 1},
		{Objects: 1, Parameters: 2, Dimension: 2, Snapshots: []RotationSnapshot{snapshot}},
		{Objects: 1, Parameters: 2, Dimension: 1, Snapshots: []RotationSnapshot{snapshot, snapshot}},
		{Objects: 1, Parameters: 2, Dimension: 1, Snapshots: []RotationSnapshot{snapshot}, Pairs: []RotationPair{{To: 1, Overlap: 1.5}}},
	} {
		if _, err := Encode(r); err == nil {
			t.Errorf("accepted %+v", r)
		}
	}
	if _, err := Encode(SurfaceSummary{K: 1}); err == nil {
		t.Error("a surface without points was accepted")
	}
}
