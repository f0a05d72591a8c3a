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
	b, err := Encode(exampleLoss())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[LossSummary](b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exampleLoss(), got); diff != "" {
		t.Errorf("loss summary changed (-want +got):\n%s", diff)
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
		{"no newline", strings.TrimSpace(string(good)), "canonical"},
		{"trailing text", string(good) + "{}", "canonical"},
		{"unknown field", replace(`"mad"`, `"mat"`), `unknown field "mat"`},
		{"missing field", replace(`"mad":0.5,`, ``), "canonical"},
		{"other case", replace(`"mad"`, `"MAD"`), "canonical"},
		{"repeated field", replace(`"mad":0.5`, `"mad":0.5,"mad":0.5`), "canonical"},
		{"long number", replace(`0.99`, `0.990`), "canonical"},
		{"space", replace(`,"mad"`, `, "mad"`), "canonical"},
		{"wrong type", replace(`0.99`, `"0.99"`), "string"},
		{"out of range", replace(`0.99`, `1.5`), "between 0 and 1"},
		{"negative", replace(`0.75`, `-0.75`), "negative"},
		{"negative zero", replace(`0.75`, `-0`), "-0"},
		{"too few objects", replace(`10000`, `1`), "at least 2"},
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

func TestEncodeRefuses(t *testing.T) {
	nan := exampleLoss()
	nan.All.Std = math.NaN()
	inf := exampleLoss()
	inf.Sample.Max = math.Inf(1)
	share := exampleLoss()
	share.All.Accuracy = 1.01
	size := exampleLoss()
	size.Sample.Objects = 10001
	none := exampleLoss()
	none.Sample.Objects = 0
	for name, s := range map[string]LossSummary{"all.std": nan, "sample.max": inf, "all.accuracy": share, "all.objects": size, "sample.objects": none} {
		if _, err := Encode(s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
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
		if s, err := Decode[LossSummary](b); err == nil {
			if again, err := Encode(s); err != nil || string(again) != string(b) {
				t.Errorf("accepted %q, writes %q, %v", b, again, err)
			}
		}
		if s, err := Decode[DifferenceSummary](b); err == nil {
			if again, err := Encode(s); err != nil || string(again) != string(b) {
				t.Errorf("accepted %q, writes %q, %v", b, again, err)
			}
		}
	})
}
