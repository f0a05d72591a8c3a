package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// listRuns writes the runs of the store, the last one first: the names by
// which diff takes them.
func listRuns(a *app, dir string, asJSON bool) error {
	store, err := cas.Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := pipeline.Runs(store)
	if err != nil {
		return err
	}
	slices.Reverse(runs)
	if asJSON {
		return a.json(append([]pipeline.Run{}, runs...))
	}
	if len(runs) == 0 {
		fmt.Fprintf(a.stderr, "no run has made anything in %s yet\n", dir)
		return nil
	}
	printRuns(a.stdout, a.out, runs)
	return nil
}

func printRuns(out io.Writer, style term.Style, runs []pipeline.Run) {
	t := term.Table{Head: []string{"name", "run", "started", "took", "ran", "failed", "command"}, Right: []int{3, 4, 5}}
	for i, r := range runs {
		name := "last"
		if i > 0 {
			name = fmt.Sprintf("last~%d", i)
		}
		took, ran, failed := "–", "–", "–" // it is going on, or was killed
		if !r.Ended.IsZero() {
			took, ran, failed = term.Duration(max(0, r.Ended.Sub(r.Started))), fmt.Sprint(r.Ran), fmt.Sprint(r.Failed)
		}
		var words []string
		for i, w := range r.Command {
			if i == 0 {
				w = w[strings.LastIndexAny(w, `/\`)+1:]
			}
			words = append(words, shellWord(w))
		}
		t.Rows = append(t.Rows, []string{name, r.ID.String()[:12], r.Started.Format(time.DateTime), took, ran, failed, strings.Join(words, " ")})
	}
	_ = t.Text(out, style)
}
