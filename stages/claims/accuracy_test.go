package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/published"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// judged are the rows of one claim on the networks.
func judged(t *testing.T, c claim, networks []network) []artifact.Claim {
	t.Helper()
	p := DefaultParams()
	p.Resamples = 2000
	rows, err := judge(t.Context(), p, []claim{c}, networks, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return rows.Claims
}

// put adds a point to a curve.
func put(c *artifact.HeldOutCurve, seen, accuracy float64) {
	c.Updates, c.Seen = append(c.Updates, float64(len(c.Updates)+1)), append(c.Seen, seen)
	c.Accuracy, c.Loss = append(c.Accuracy, accuracy), append(c.Loss, 1)
}

// watched are ten trainings of each width as the authors', whose accuracies are the
// published means shifted by so many standard deviations, with their spread.
func watched(t *testing.T, shift float64) []network {
	t.Helper()
	s := rng.New(31, "claims", "accuracy", 0)
	var list []network
	for _, h := range []int{4, 8, 16, 32, 64} {
		c, ok, err := published.Accuracy("mnist", published.AccuracyOverSize, h, 3)
		if err != nil || !ok {
			t.Fatal(err)
		}
		for seed := range 10 {
			n := simulated(s, h, 3, published.AccuracySampleSize, int64(seed), 0.5, 0.1)
			n.changes = make([]float64, published.AccuracySampleSize-1)
			for k := range n.changes {
				n.changes[k] = 0.5 / float64(k+1)
			}
			own := s.Normal() // the points of a curve depend on each other
			n.curve = &artifact.HeldOutCurve{}
			for i, x := range c.X {
				put(n.curve, x, c.Mean[i]+float64(c.Std[i]*(own+shift)))
			}
			put(n.curve, published.AccuracySampleSize, c.Mean[len(c.X)-1])
			list = append(list, n)
		}
	}
	return list
}

func TestPublishedAccuracy(t *testing.T) {
	for _, c := range []struct {
		shift float64
		want  artifact.Verdict
		says  string
	}{
		{0, artifact.Holds, "No curve differs by more than chance."},
		{3, artifact.DoesNotHold, "5 of 5 curves differ by more than chance: h = 4 most after "},
	} {
		networks := watched(t, c.shift)
		x := judged(t, accuracyPublished, networks)[0]
		if x.Verdict != c.want || !strings.HasPrefix(x.Conclusion, c.says) || len(x.Tables[0].Rows) != 5*26 {
			t.Errorf("shift %v: %v, %s, %s", c.shift, x.Verdict, x.Conclusion, x.Evidence)
		}
		for i := range networks { // ten epochs are another experiment
			put(networks[i].curve, 10*published.AccuracySampleSize, 0.9)
		}
		if x := judged(t, accuracyPublished, networks)[0]; x.Verdict != artifact.NotTested {
			t.Errorf("ten epochs: %v", x.Verdict)
		}
	}
}

func TestWithinCurve(t *testing.T) {
	networks := watched(t, 0)
	x := judged(t, accuracyWithinCurve, networks)[0]
	if x.Verdict != artifact.Holds || !strings.HasPrefix(x.Conclusion, "By construction") || x.Evidence != "negative along 50 of 50 trainings" {
		t.Errorf("%v, %s, %s", x.Verdict, x.Conclusion, x.Evidence)
	}
	for i := range networks { // no network learns
		a := networks[i].curve.Accuracy
		for k := range a {
			a[k] = 0.1
		}
	}
	if x := judged(t, accuracyWithinCurve, networks)[0]; x.Verdict != artifact.Undecided {
		t.Errorf("networks that do not learn: %v, %s", x.Verdict, x.Conclusion)
	}
}

// TestAcrossNetworks: the sign of the correlation decides, size by size.
func TestAcrossNetworks(t *testing.T) {
	for _, c := range []struct {
		name  string
		signs []float64 // of the relation at h = 4, 8, …; 0 is none
		seeds int
		want  artifact.Verdict
		says  string
	}{
		{"where all train", []float64{-1, -1}, 20, artifact.Holds, "below 0 for 2 of 2 sizes, above 0 for 0"},
		{"reversed at one size", []float64{1, -1}, 20, artifact.DoesNotHold, "below 0 for 1 of 2 sizes, above 0 for 1"},
		{"none at one size", []float64{0, -1}, 20, artifact.Undecided, "and includes 0 for 1"},
		{"few seeds", []float64{-1, -1}, 7, artifact.Undecided, "No size has 8 seeds."},
	} {
		s := rng.New(33, "claims", "across", 0)
		var networks []network
		for i, sign := range c.signs {
			for seed := range c.seeds {
				n := simulated(s, []int{4, 8}[i], 5, 1000, int64(seed), 0.5, 0.3)
				n.heldOut = &artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 1000, Accuracy: 0.8 + float64(sign*n.losses.Sample.MAD/10) + 0.005*s.Normal()}}
				networks = append(networks, n)
			}
		}
		x := judged(t, accuracyAcrossNetworks, networks)[0]
		if x.Verdict != c.want || !strings.Contains(x.Conclusion, c.says) {
			t.Errorf("%s: %v, %s, %s", c.name, x.Verdict, x.Conclusion, x.Evidence)
		}
	}
	if x := judged(t, accuracyAcrossNetworks, watched(t, 0))[0]; x.Verdict != artifact.NotTested {
		t.Errorf("without held-out objects: %v", x.Verdict)
	}
}
