package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

const all, living = artifact.AllNetworks, artifact.WithoutCollapsed

func TestTrendVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		medians []float64
		seeds   int
		want    artifact.Verdict
		says    string
	}{
		{"falls", []float64{0.9, 0.7, 0.5, 0.4, 0.3}, 12, artifact.Holds, "MAD falls from h = 4 to 64 (p ≤ "},
		{"rises", []float64{0.3, 0.4, 0.5, 0.65, 0.85}, 12, artifact.DoesNotHold, "MAD rises from h = 4 to 64"},
		// Falls as a whole, yet rises at first, like the paper's MNIST.
		{"reversed once", []float64{0.5, 0.7, 0.5, 0.35, 0.25}, 39, artifact.DoesNotHold, "MAD rises from h = 4 to 8 (p = "},
		{"flat at the end", []float64{0.7, 0.5, 0.3, 0.2, 0.2}, 20, artifact.Holds, "and shows no clear change from h = 32 to 64 (p = "},
		{"flat", []float64{0.5, 0.5, 0.5, 0.5, 0.5}, 8, artifact.Undecided, "shows no clear change from h = 4 to 64 (p = "},
		{"one size", []float64{0.5}, 8, artifact.NotTested, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t)
			r.hidden(rng.New(5, "claims", "test", 0), "mnist", "direct", c.seeds, 0.1, c.medians...)
			claims, _ := r.run()
			x := find(t, claims, "falls_with_hidden_size", "mnist", "direct", all)
			if x.Verdict != c.want || !strings.Contains(x.Conclusion, c.says) {
				t.Errorf("verdict %q: %s; want %q, %q", x.Verdict, x.Conclusion, c.want, c.says)
			}
			if y := find(t, claims, "rises_with_num_layers", "mnist", "direct", all); y.Verdict != artifact.NotTested {
				t.Errorf("num_layers is %q with one size", y.Verdict)
			}
			if y := find(t, claims, "falls_with_hidden_size", "mnist", artifact.AnyInput, all); y.Verdict != artifact.NotTested || !strings.Contains(y.Tested, "only on direct") {
				t.Errorf("independence is %q: %s", y.Verdict, y.Tested)
			}
		})
	}
}

// TestSizesThatDoNotTrain: networks that fail at small h look smooth. The row of
// all networks takes them as they are; the other leaves the size out, and both
// say so.
func TestSizesThatDoNotTrain(t *testing.T) {
	r := newRun(t)
	s := rng.New(6, "claims", "test", 0)
	for i, h := range []int{4, 8, 16, 32} {
		for seed := range 20 {
			mad := 0.8 / float64(i+1) * noise(s, 0.1)
			if h == 4 && seed < 18 {
				mad = 0
			}
			r.add("mnist", "direct", h, 5, 10000, int64(seed), mad)
		}
	}
	claims, _ := r.run()
	a, b := find(t, claims, "falls_with_hidden_size", "mnist", "direct", all), find(t, claims, "falls_with_hidden_size", "mnist", "direct", living)
	if a.Verdict != artifact.DoesNotHold || a.Dead != 18 || a.Living != 62 {
		t.Errorf("with all networks %q, %d living, %d dead: %s", a.Verdict, a.Living, a.Dead, a.Conclusion)
	}
	if b.Verdict != artifact.Holds || !strings.HasPrefix(b.Conclusion, "MAD falls from h = 8 to 32 (p ≤ ") || !strings.Contains(b.Conclusion, "h = 4 does not train (18 of 20 networks are dead or partly dead") {
		t.Errorf("with living networks %q: %s", b.Verdict, b.Conclusion)
	}
	if s := b.Tables[len(b.Tables)-1]; len(s.Rows) != len(deadShares) || s.Rows[0][2] != 8 {
		t.Errorf("the sweep of the dead share is %+v", s)
	}
}

// TestFalseAlarms: without any trend, the probability that a run has any
// verdict other than undecided is at most alpha. 150 runs with 2 panels, 4
// trends and 12 pairs each: 1.5 expected at most, P(> 6) < 0.001.
func TestFalseAlarms(t *testing.T) {
	const runs = 150
	s := rng.New(7, "claims", "test", 0)
	alarms := 0
	for range runs {
		r := newRun(t)
		r.params.Resamples = 100 // the p-values are exact
		for _, dataset := range []string{"a", "b"} {
			r.hidden(s, dataset, "direct", 8, 0.2, 0.5, 0.5, 0.5, 0.5)
			for _, l := range []int{1, 3, 7} {
				for seed := range 8 {
					r.add(dataset, "direct", 16, l, 10000, int64(seed), 0.5*noise(s, 0.2))
				}
			}
		}
		claims, _ := r.run()
		alarm := false
		for _, c := range claims.Claims {
			alarm = alarm || len(c.Tests) > 0 && c.Verdict != artifact.Undecided
		}
		if alarm {
			alarms++
		}
	}
	t.Logf("%d of %d runs without a trend have a verdict", alarms, runs)
	if alarms > 6 {
		t.Errorf("%d of %d runs without a trend have a verdict", alarms, runs)
	}
}

// TestTrendSample: the sample size that most sizes have is taken, even where
// one network size was trained on more objects.
func TestTrendSample(t *testing.T) {
	r := newRun(t)
	s := rng.New(8, "claims", "sample", 0)
	r.hidden(s, "mnist", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	for seed := range 12 {
		r.add("mnist", "direct", 16, 5, 20000, int64(seed), 0.9*noise(s, 0.1))
		r.add("mnist", "direct", 16, 5, 100, int64(seed), 0.9*noise(s, 0.1))
	}
	claims, _ := r.run()
	if c := find(t, claims, "falls_with_hidden_size", "mnist", "direct", all); c.Verdict != artifact.Holds || c.Networks != 36 {
		t.Errorf("%q from %d networks: %s", c.Verdict, c.Networks, c.Evidence)
	}
}

func TestIndependence(t *testing.T) {
	r := newRun(t)
	s := rng.New(8, "claims", "test", 0)
	r.hidden(s, "mnist", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "mnist", "features", 12, 0.1, 0.3, 0.5, 0.7)
	r.hidden(s, "cifar10", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "cifar10", "features", 12, 0.1, 0.6, 0.4, 0.2)
	r.hidden(s, "cifar100", "direct", 12, 0.1, 0.7, 0.5, 0.3)
	r.hidden(s, "cifar100", "features", 12, 0.5, 0.5, 0.5, 0.5) // no trend: nothing to agree with
	claims, _ := r.run()
	for dataset, want := range map[string]artifact.Verdict{"mnist": artifact.DoesNotHold, "cifar10": artifact.Holds, "cifar100": artifact.Undecided} {
		if c := find(t, claims, "falls_with_hidden_size", dataset, artifact.AnyInput, all); c.Verdict != want {
			t.Errorf("%s: %q, want %q: %s", dataset, c.Verdict, want, c.Evidence)
		}
	}
}

// TestRisesWithNumLayers: the other trend, with each verdict.
func TestRisesWithNumLayers(t *testing.T) {
	for _, c := range []struct {
		medians []float64
		spread  float64
		want    artifact.Verdict
		says    string
	}{
		{[]float64{0.3, 0.45, 0.65}, 0.1, artifact.Holds, "MAD rises from num_layers = 1 to 5 (p ≤ "},
		{[]float64{0.65, 0.45, 0.3}, 0.1, artifact.DoesNotHold, "MAD falls from num_layers = 1 to 5 (p ≤ "},
		{[]float64{0.5, 0.5, 0.5}, 0.5, artifact.Undecided, "shows no clear change from num_layers = 1 to 5 (p = "},
	} {
		r := newRun(t)
		s := rng.New(14, "claims", "test", 0)
		for i, l := range []int{1, 3, 5} {
			for seed := range 12 {
				r.add("mnist", "direct", 16, l, 10000, int64(seed), c.medians[i]*noise(s, c.spread))
			}
		}
		claims, _ := r.run()
		x := find(t, claims, "rises_with_num_layers", "mnist", "direct", all)
		if x.Verdict != c.want || !strings.Contains(x.Conclusion, c.says) || *x.AtHiddenSize != 16 {
			t.Errorf("verdict %q at h = %d: %s; want %q, %q", x.Verdict, *x.AtHiddenSize, x.Conclusion, c.want, c.says)
		}
	}
}
