package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"html/template"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type reportCmd struct {
	Output string `short:"o" placeholder:"FILE" help:"Where to, - for stdout (default: report.html beside the exports of repro)."`
	overrides
}

const reportHelp = `One HTML file without anything around it: figures, tables, how they were made.
It shows what is up to date, names what is not, and says which runs made it.
`

// Run implements the verb.
func (c *reportCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{})
	if err != nil {
		return err
	}
	defer w.close()
	page, err := w.page(ctx, plan)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, page); err != nil {
		return err
	}
	output := c.Output
	switch output {
	case "":
		output = filepath.Join(w.exports, "report.html")
	case "-":
		_, err := a.stdout.Write(text.Bytes())
		return err
	}
	if err := files.Write(ctx, output, text.Bytes()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s (%s, %s, %s)\n", output,
		term.Count(len(page.Figures), "figure"), term.Count(len(page.Tables), "table"), term.Bytes(int64(text.Len())))
	return err
}

//go:embed report.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("report").Parse(pageText))

// page is what the template shows.
type page struct {
	Title   string
	Stale   []string // stages
	Facts   [][2]string
	Params  [][2]string
	Figures []pageFigure
	Tables  []pageTable
}

type pageFigure struct {
	Title string
	Image template.URL // SVG
	Files string
}

type pageTable struct {
	Title string
	File  string
	Head  []string
	Rows  [][]string
}

func (w *workspace) page(ctx context.Context, plan *pipeline.Plan) (*page, error) {
	p := &page{Title: "landscape-pipe"}
	if w.run != "" {
		p.Title += ": " + w.run
	}
	stages, cached := plan.Count()
	p.Facts = append(p.Facts, [2]string{"stages", fmt.Sprintf("%d, of which %d are up to date", stages, cached)})
	facts, err := w.provenance(plan)
	if err != nil {
		return nil, err
	}
	p.Facts = append(p.Facts, facts...)
	lines := w.params.Lines()
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		p.Params = append(p.Params, [2]string{name, lines[name]})
	}
	for _, step := range plan.Steps() {
		exports := step.Stage.Exports()
		if len(exports) == 0 {
			continue
		}
		if step.State != pipeline.StateCached {
			p.Stale = append(p.Stale, step.Stage.Name())
			continue
		}
		if err := w.show(ctx, plan, step.Stage, exports, p); err != nil {
			return nil, fmt.Errorf("%s: %w", step.Stage, err)
		}
	}
	if kinds, _ := recordedTimes(plan, plan.Record); len(kinds) > 0 {
		t := kinds.table()
		p.Tables = append(p.Tables, pageTable{Title: "time by kind", Head: t.Head, Rows: t.Rows})
	}
	return p, nil
}

// provenance says which runs made what is up to date, the one with the most stages
// first, and where.
func (w *workspace) provenance(plan *pipeline.Plan) ([][2]string, error) {
	runs, err := pipeline.Runs(w.store)
	if err != nil {
		return nil, err
	}
	made := make(map[pipeline.RunID]int)
	total := 0
	for _, step := range plan.Steps() {
		if r, ok := plan.Record(step.Stage); ok && step.State == pipeline.StateCached {
			made[r.Run]++
			total++
		}
	}
	ids := slices.SortedFunc(maps.Keys(made), func(a, b pipeline.RunID) int {
		return cmp.Or(made[b]-made[a], strings.Compare(a.String(), b.String()))
	})
	var facts [][2]string
	for n, id := range ids {
		if n == maxRuns {
			facts = append(facts, [2]string{"", fmt.Sprintf("and %s more", term.Count(len(ids)-n, "run"))})
			break
		}
		text := fmt.Sprintf("run %s: %d of %s", id.String()[:12], made[id], term.Count(total, "stage"))
		i := slices.IndexFunc(runs, func(r pipeline.Run) bool { return r.ID == id })
		if i < 0 {
			facts = append(facts, [2]string{"made by", text + "; the store no longer knows when and where"})
			continue
		}
		r := runs[i]
		facts = append(facts,
			[2]string{"made by", fmt.Sprintf("%s, %s UTC", text, r.Started.UTC().Format(time.DateTime))},
			[2]string{"machine", fmt.Sprintf("%s %s/%s, %s", r.CPU, r.OS, r.Arch, term.Count(r.Cores, "core"))},
			[2]string{"program", fmt.Sprintf("%s %s, %s", r.Module, r.Version, r.Go)})
	}
	return facts, nil
}

// maxRuns is how many runs the page names.
const maxRuns = 5

// show puts the files of a stage on the page: pictures and tables.
func (w *workspace) show(ctx context.Context, plan *pipeline.Plan, s *pipeline.Stage, exports map[string]string, p *page) error {
	var others []string
	for _, output := range slices.Sorted(maps.Keys(exports)) {
		others = append(others, exports[output])
	}
	for _, output := range slices.Sorted(maps.Keys(exports)) {
		file := exports[output]
		d, _, ok := plan.Output(s, output)
		if suffix := path.Ext(file); !ok || suffix != ".svg" && suffix != ".csv" {
			continue
		}
		content, err := w.store.Get(ctx, d)
		if err != nil {
			return err
		}
		title := strings.ReplaceAll(strings.TrimSuffix(path.Base(file), path.Ext(file)), "_", " ")
		if path.Ext(file) == ".svg" {
			image := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(content)
			p.Figures = append(p.Figures, pageFigure{title, template.URL(image), strings.Join(groupByStem(others), " ")})
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
		if err != nil {
			return err
		}
		t := pageTable{Title: title, File: file}
		for i, row := range rows {
			if i == 0 {
				t.Head = row
				continue
			}
			for j, cell := range row {
				if v, err := strconv.ParseFloat(cell, 64); err == nil && strings.ContainsAny(cell, ".e") {
					row[j] = number(v)
				}
			}
			t.Rows = append(t.Rows, row)
		}
		p.Tables = append(p.Tables, t)
	}
	return nil
}
