package claims

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

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
