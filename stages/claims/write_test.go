package claims

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

func TestTables(t *testing.T) {
	r := newRun(t)
	r.hidden(rng.New(12, "claims", "test", 0), "mnist", "direct", 5, 0.1, 0.7, 0.5, 0.3)
	claims, out := r.run()
	rows, err := csv.NewReader(strings.NewReader(string(out[CSV]))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[0]) != len(columns) || len(rows) != 1+len(claims.Claims) {
		t.Errorf("%d rows under %v for %d claims", len(rows), rows[0], len(claims.Claims))
	}
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	plain := words(string(out[Table]))
	for _, c := range claims.Claims {
		if !strings.Contains(plain, words(c.Evidence)) || !strings.Contains(string(out[Markdown]), strings.NewReplacer("|", `\|`, "*", `\*`).Replace(c.Evidence)) {
			t.Errorf("the tables lack the evidence %q", c.Evidence)
		}
	}
	for line := range strings.Lines(string(out[Table])) {
		if utf8.RuneCountInString(line) > textWidth+1 {
			t.Errorf("a line of the text is wider than %d: %s", textWidth, line)
		}
	}
}

// TestBytes: the rows that rest on tests and resamples are the same bytes on every
// platform.
func TestBytes(t *testing.T) {
	r := rateRun(t, rng.New(13, "claims", "test", 0), 0.1, 0.2, 5)
	s := rng.New(13, "claims", "test", 1)
	r.hidden(s, "mnist", "direct", 6, 0.3, 0.7, 0.5, 0.3)
	for seed := range 3 { // ties: permuted at random
		r.add("mnist", "direct", 4, 5, 10000, int64(seed+6), 0)
		r.add("mnist", "direct", 16, 1, 10000, int64(seed), 0.5*noise(s, 0.2))
	}
	list, err := read(r.params, r.inputs)
	if err != nil {
		t.Fatal(err)
	}
	c, err := judge(t.Context(), r.params, []claim{rateFixedWeights, fallsWithHiddenSize, risesWithNumLayers, publishedCurves, rateOwnObject, rateNewObject}, list, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	out, err := write(c)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, name := range []string{Claims, CSV, Table, Markdown} {
		h.Write(out[name])
	}
	const want = "b91a9589c1886b25a04e23d532ea232a4a072c1d89ce069cd22971707a0ec4a2"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("digest of the outputs is %s, want %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	r := newRun(t)
	id := r.add("mnist", "direct", 4, 5, 100, 0, 0.5)
	for name, change := range map[string]func(*run){
		"alpha is 0":                 func(r *run) { r.params.Alpha = 0 },
		"input losses/summary/":      func(r *run) { delete(r.inputs, id.Result("losses/summary")) },
		"input differences/summary/": func(r *run) { r.inputs[id.Result("differences/summary")] = []byte("{\"of\":1}\n") },
		"200 and 100 objects, want 100": func(r *run) {
			r.encode(id.Result("losses/summary"), artifact.LossSummary{Sample: artifact.LossStatistics{Objects: 200}})
		},
		"input losses/losses/":  func(r *run) { r.inputs[id.Result("losses/losses")] = []byte("x") },
		"input bounds/bounds/":  func(r *run) { r.inputs[id.Result("bounds/bounds")] = []byte("x") },
		"want at least the 100": func(r *run) { r.inputs[id.Result("losses/losses")] = npy.Encode([]int{3}, []float64{1, 2, 3}) },
	} {
		bad := newRun(t)
		bad.add("mnist", "direct", 4, 5, 100, 0, 0.5)
		change(bad)
		if _, err := Run(t.Context(), bad.params, task.New(bad.inputs)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not say %q", err, name)
		}
	}
}
