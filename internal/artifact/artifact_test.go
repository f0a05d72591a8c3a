package artifact

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func exampleLoss() LossSummary {
	return LossSummary{
		Sample: LossStatistics{Objects: 100, Mean: 0.1, Std: 1e-7, MAD: 0.25, Max: 12.5, Accuracy: 0.97, DeadFraction: 0},
		All:    LossStatistics{Objects: 10000, Mean: 2.302585092994046, Std: 1e21, MAD: 5e-324, Max: 3, Accuracy: 1, DeadFraction: 0.5},
	}
}

func exampleDifference() DifferenceSummary {
	return DifferenceSummary{Objects: 10000, Permutations: 100, EMA: 0.99, MAD: 0.5, First: 0.75, Last: 5e-5, EMALast: 5.1e-5}
}

func TestCanonicalBytes(t *testing.T) {
	loss, err := Encode(exampleLoss())
	if err != nil {
		t.Fatal(err)
	}
	wantLoss := `{"sample":{"objects":100,"mean":0.1,"std":1e-7,"mad":0.25,"max":12.5,"accuracy":0.97,"dead_fraction":0},` +
		`"all":{"objects":10000,"mean":2.302585092994046,"std":1e+21,"mad":5e-324,"max":3,"accuracy":1,"dead_fraction":0.5}}` + "\n"
	if diff := cmp.Diff(wantLoss, string(loss)); diff != "" {
		t.Errorf("loss summary (-want +got):\n%s", diff)
	}
	difference, err := Encode(exampleDifference())
	if err != nil {
		t.Fatal(err)
	}
	wantDifference := `{"objects":10000,"permutations":100,"ema":0.99,"mad":0.5,"first":0.75,"last":0.00005,"ema_last":0.000051}` + "\n"
	if diff := cmp.Diff(wantDifference, string(difference)); diff != "" {
		t.Errorf("difference summary (-want +got):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	roundTrip(t, exampleLoss())
	roundTrip(t, exampleSpectrum())
}

func roundTrip[T any](t *testing.T, want T) {
	t.Helper()
	b, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read[T](map[string][]byte{"summary": b}, "summary")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T changed (-want +got):\n%s", want, diff)
	}
}

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
		NullSpace: NullSpace{DeadUnits: []int{0}, Kink: &KinkMargin{Objects: 3, Margin: 0.1, Layer: 1}},
	}
}

func TestDecodeIsStrict(t *testing.T) {
	good, err := Encode(exampleDifference())
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the example holds no %q", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	cases := []struct{ name, text, want string }{
		{"empty", "", "ends too early"},
		{"cut", string(good[:40]), "ends too early"},
		{"trailing text", string(good) + "{}", "unexpected text after the value"},
		{"trailing brace", string(good) + "}", "unexpected text after the value"},
		{"unknown field", replace(`"mad"`, `"mat"`), `unknown field "mat"`},
		{"wrong type", replace(`0.99`, `"0.99"`), "string"},
		{"overflow", replace(`0.75`, `1e999`), "1e999"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode[DifferenceSummary]([]byte(c.text))
			if err == nil {
				t.Fatalf("%q was accepted", c.text)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not speak of %q", err, c.want)
			}
		})
	}
}

func TestReadNamesTheInput(t *testing.T) {
	inputs := map[string][]byte{"losses": []byte("{")}
	for name, want := range map[string]string{"losses": "input losses: decode artifact.LossSummary: ", "values": "input values is missing"} {
		if _, err := Read[LossSummary](inputs, name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		s := exampleLoss()
		s.All.Std = v
		if _, err := Encode(s); err == nil {
			t.Errorf("%v was encoded", v)
		}
	}
}

func TestQuantiles(t *testing.T) {
	q := NewQuantiles([]float64{4, 1, 3, 2, 5})
	if q.Min != 1 || q.Max != 5 || q.Median != 3 || math.Abs(q.Mean-3) > 1e-15 || q.Q25 != 2 || q.Q75 != 4 || math.Abs(q.Q05-1.2) > 1e-15 {
		t.Errorf("%+v", q)
	}
	if q = NewQuantiles([]float64{7}); q.Min != 7 || q.Q95 != 7 || q.Mean != 7 {
		t.Errorf("%+v", q)
	}
	if q = NewQuantiles([]float64{1, math.Inf(1)}); q.Max != math.MaxFloat64 || math.IsInf(q.Mean, 0) {
		t.Errorf("infinite values: %+v", q)
	}
	if q = NewQuantiles(nil); q != (Quantiles{}) {
		t.Errorf("no values: %+v", q)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []LossSummary{exampleLoss(), {Sample: LossStatistics{Objects: 1}, All: LossStatistics{Objects: 1}}} {
		b, err := Encode(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	b, err := Encode(exampleDifference())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		stable[LossSummary](t, b)
		stable[DifferenceSummary](t, b)
	})
}

// stable checks that what decodes has one encoding, which decodes to the same.
func stable[T any](t *testing.T, b []byte) {
	t.Helper()
	v, err := Decode[T](b)
	if err != nil {
		return
	}
	canonical, err := Encode(v)
	if err != nil {
		t.Fatalf("accepted %q, but cannot encode it: %v", b, err)
	}
	again, err := Decode[T](canonical)
	if diff := cmp.Diff(v, again); diff != "" || err != nil {
		t.Errorf("%q: %v, (-want +got):\n%s", b, err, diff)
	}
}
