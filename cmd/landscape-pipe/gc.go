package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type gcCmd struct {
	overrides
	Apply bool `help:"Delete; the default only reports."`
	Days  int  `default:"30" placeholder:"N" help:"Keep what runs of the last N days made (default: ${default})."`
	JSON  bool `name:"json" help:"Write JSON."`
}

const gcHelp = `Kept is what one of these needs: each lock.json in the artifacts folder, the
current params, the runs of the last days; of all this also what it was made
from. Everything else can be rebuilt by repro; damaged files in quarantine go, too.
gc --apply does not wait for a running repro: it reports that the store is in use
and exits.
`

// Run implements the verb.
func (c *gcCmd) Run(ctx context.Context, a *app, g *globals) error {
	if c.Days < 0 {
		return usage(fmt.Errorf("--days=%d: want a number of days, or 0 for none", c.Days), "")
	}
	w, plan, err := g.planStore(ctx, a, c.Set, pipeline.Options{})
	if err != nil {
		return err
	}
	defer w.close()
	if w.params.Experiments == nil {
		a.warn("there is no %s here: only lock files and recent runs say what is kept", g.Params)
	}
	roots, err := w.roots(plan, g.Artifacts)
	if err != nil {
		return err
	}
	needs, err := pipeline.FindNeeds(w.store, roots, "runs of "+term.Count(c.Days, "day"), a.started.Add(-time.Duration(c.Days)*24*time.Hour))
	if err != nil {
		return err
	}
	if c.Apply {
		if err := needs.Forget(ctx, w.store); err != nil {
			a.warn("explain will know less of what is removed: %v", err)
		}
	}
	kept := make([]gcGroup, len(needs.Roots()))
	for i, name := range needs.Roots() {
		kept[i].Why = name
	}
	done, err := w.store.GC(ctx, cas.GCOptions{
		Keep: func(d cas.Digest) bool {
			i := needs.Why(d)
			if i < 0 {
				return false
			}
			kept[i].Objects++
			if at, err := w.store.Locate(ctx, d); err == nil {
				kept[i].Bytes += at.Bytes
			}
			return true
		},
		KeepRow: needs.KeepRow, Quarantine: true, DryRun: !c.Apply,
	})
	if err != nil {
		return err
	}
	report := gcReport{Applied: c.Apply, Kept: kept, Rows: done.Rows, RowDamage: done.RowDamage, Bytes: done.Bytes}
	for _, g := range []struct {
		what string
		list []cas.Removed
	}{{"objects", done.Objects}, {"temporary files", done.Temporaries}, {"damaged files in quarantine", done.Quarantine}} {
		group := gcGroup{Why: g.what, Objects: len(g.list)}
		for _, r := range g.list {
			group.Bytes += r.Bytes
		}
		report.Removed = append(report.Removed, group)
	}
	if c.JSON {
		return a.json(report)
	}
	report.print(a)
	return nil
}

// gcReport is what gc keeps and removes.
type gcReport struct {
	Applied bool      `json:"applied"`
	Kept    []gcGroup `json:"kept"` // each object under the first reason that it has
	Removed []gcGroup `json:"removed"`
	Rows    int       `json:"removed_rows"`
	Bytes   int64     `json:"removed_bytes"` // without rows

	RowDamage int `json:"row_damage"` // places without an intact row, in files that go to quarantine
}

type gcGroup struct {
	Why     string `json:"what"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"` // on disk
}

// roots are the reasons to keep results, beside the recent runs.
func (w *workspace) roots(plan *pipeline.Plan, artifacts string) ([]pipeline.Root, error) {
	files := []string{filepath.Join(artifacts, "lock.json"), w.lockFile()}
	others, err := filepath.Glob(filepath.Join(artifacts, "runs", "*", "lock.json"))
	if err != nil {
		return nil, err
	}
	files = append(files, others...)
	slices.Sort(files)
	current := pipeline.Root{Name: "current params"}
	for _, step := range plan.Steps() {
		if step.State == pipeline.StateCached {
			current.Keys = append(current.Keys, step.Key)
		}
	}
	roots := []pipeline.Root{current}
	for _, file := range slices.Compact(files) {
		baseline, err := pipeline.LoadLockfile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, advised(err, "gc removes nothing while it cannot read what is expected")
		}
		root := pipeline.Root{Name: file}
		root.Digests = slices.AppendSeq(root.Digests, baseline.Digests)
		roots = append(roots, root)
	}
	return roots, nil
}

func (r *gcReport) print(a *app) {
	table := func(groups []gcGroup, head ...string) {
		t := term.Table{Head: head, Right: []int{1, 2}}
		for _, g := range groups {
			t.Rows = append(t.Rows, []string{g.Why, fmt.Sprint(g.Objects), term.Bytes(g.Bytes)})
		}
		_ = t.Text(a.stdout, a.out)
	}
	table(r.Kept, "kept because of (first match)", "objects", "size")
	head := "would be removed"
	if r.Applied {
		head = "removed"
	}
	fmt.Fprintln(a.stdout)
	table(r.Removed, head, "files", "size")
	text := fmt.Sprintf("%s, %s freed", term.Count(r.Rows, "index row"), term.Bytes(r.Bytes))
	if r.RowDamage > 0 {
		text += fmt.Sprintf("; %s in the index rows goes to quarantine, with intact rows rewritten", term.Count(r.RowDamage, "damaged place"))
	}
	if !r.Applied {
		text += "; nothing was changed: gc --apply does it"
	}
	fmt.Fprintln(a.stdout, text)
}
