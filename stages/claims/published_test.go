package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// TestStandIn: networks that learnt other objects than the paper's get no verdict on
// its curves, but one on everything else.
func TestStandIn(t *testing.T) {
	r := newRun(t)
	s := rng.New(12, "claims", "published", 0)
	r.hidden(s, "cifar100_standin", "direct", 39, 0.1, 0.3, 0.7, 0.8, 0.9, 1)
	r.hidden(s, "cifar100", "direct", 39, 0.1, 0.3, 0.7, 0.8, 0.9, 1)
	claims, _ := r.run()
	x := find(t, claims, "published_curves", "cifar100_standin", "direct", all)
	if x.Verdict != artifact.NotTested || !strings.HasPrefix(x.Tested, "stand-in: ") || len(x.Tests) > 0 {
		t.Errorf("%q after %d tests; %s", x.Verdict, len(x.Tests), x.Tested)
	}
	if x := find(t, claims, "falls_with_hidden_size", "cifar100_standin", "direct", all); x.Verdict != artifact.DoesNotHold {
		t.Errorf("a trend of the stand-in: %q", x.Verdict)
	}
	if x := find(t, claims, "published_curves", "cifar100", "direct", all); x.Verdict == artifact.NotTested {
		t.Errorf("of the data set itself: %q", x.Verdict)
	}
}

// TestPublishedBands: the curves inside and outside our bands are counted, each of a
// figure once, and only where there are seeds enough for a band.
func TestPublishedBands(t *testing.T) {
	r := newRun(t)
	s := rng.New(13, "claims", "published", 0)
	r.hidden(s, "mnist", "direct", 39, 0.15, 0.467, 0.736, 0.535, 0.387, 2.7) // h = 64: ten times the paper's
	for seed := range 8 {
		r.add("mnist", "direct", 16, 3, 10000, int64(seed), 0.5)
	}
	claims, _ := r.run()
	x := find(t, claims, "published_curves", "mnist", "direct", all)
	table := x.Tables[1]
	if len(table.Rows) != 6 { // h = 16 is in both figures
		t.Fatalf("%d curves, want 6: %v", len(table.Rows), table.Rows)
	}
	for _, row := range table.Rows {
		if outside := row[0] == 64; outside != (row[5] == 1) {
			t.Errorf("%v", row)
		}
	}
	if !strings.Contains(x.Evidence, "1 of 6 published curves outside") {
		t.Error(x.Evidence)
	}
}

// TestPublishedCurves: the paper's own values are compared with seeds about
// them, and with seeds far away.
func TestPublishedCurves(t *testing.T) {
	mads := map[int]float64{4: 0.467, 8: 0.736, 16: 0.535, 32: 0.387, 64: 0.270}
	for _, c := range []struct {
		name   string
		factor float64
		seeds  int
		want   artifact.Verdict
		says   string
	}{
		{"same", 1, 39, artifact.Holds, "The paper's 5 networks are consistent with ours; a common shift of "},
		{"other", 2, 39, artifact.DoesNotHold, "differ from ours by a common factor of about 0.5"},
		{"too few seeds", 1, 3, artifact.Undecided, "too few"},
		{"none", 1, 0, artifact.NotTested, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t)
			s := rng.New(11, "claims", "published", 0)
			for _, h := range []int{4, 8, 16, 32, 64} {
				for seed := range c.seeds {
					r.add("mnist", "direct", h, 5, 10000, int64(seed), c.factor*mads[h]*noise(s, 0.15))
				}
			}
			r.add("mnist", "direct", 5, 5, 10000, 0, 0.5)
			claims, _ := r.run()
			x := find(t, claims, "published_curves", "mnist", "direct", all)
			if x.Verdict != c.want || !strings.Contains(x.Conclusion, c.says) {
				t.Errorf("%q: %s; want %q, %q", x.Verdict, x.Conclusion, c.want, c.says)
			}
		})
	}
}
