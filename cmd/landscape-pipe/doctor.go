package main

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"Write JSON: an array of findings."`
}

// Run implements the verb.
func (c *doctorCmd) Run(ctx context.Context, a *app, g *globals) error {
	return runDoctor(ctx, a, g, c)
}

// level is how bad a finding is.
type level string

const (
	fine level = "ok"
	odd  level = "warn" // repro works, but something wants a look
	bad  level = "fail" // repro will not work, or its results are not to be trusted
)

// finding is one thing that doctor looked at.
type finding struct {
	What   string `json:"what"`
	Level  level  `json:"level"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"`
}

// checkup is doctor at work.
type checkup struct {
	a        *app
	g        *globals
	w        *workspace // nil where it cannot be opened
	findings []finding
}

func (e *checkup) say(what string, l level, text, advice string) {
	e.findings = append(e.findings, finding{what, l, text, advice})
}

func runDoctor(ctx context.Context, a *app, g *globals, c *doctorCmd) error {
	e := &checkup{a: a, g: g}
	e.params()
	if e.w != nil {
		defer e.w.close()
	}
	for _, look := range []func(context.Context){
		e.store, e.space, e.memory, e.data, e.arithmetic, e.layouter, e.toolchain,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		look(ctx)
	}
	if c.JSON {
		if err := a.json(e.findings); err != nil {
			return err
		}
	} else {
		e.print()
	}
	failures := 0
	for _, f := range e.findings {
		if f.Level == bad {
			failures++
		}
	}
	if failures > 0 {
		return fmt.Errorf("%s to be mended", term.Count(failures, "thing"))
	}
	return nil
}

func (e *checkup) print() {
	paint := map[level]func(string) string{fine: e.a.out.Good, odd: e.a.out.Warn, bad: e.a.out.Bad}
	width := 0
	for _, f := range e.findings {
		width = max(width, term.Width(f.What))
	}
	for _, f := range e.findings {
		fmt.Fprintf(e.a.stdout, "%s  %s  %s\n", paint[f.Level](term.Pad(string(f.Level), 4)), term.Pad(f.What, width), f.Text)
		if f.Advice != "" {
			fmt.Fprintf(e.a.stdout, "      %s  %s\n", term.Pad("", width), e.a.out.Dim("→ "+f.Advice))
		}
	}
}

// params looks whether the params can be read and a graph built of them.
func (e *checkup) params() {
	w, err := e.g.open(e.a, nil)
	if err == nil {
		e.w = w
		e.say("params", fine, fmt.Sprintf("%s: %s", e.g.Params, term.Count(len(w.graph.Stages()), "stage")), "")
		return
	}
	if isStoreError(err) {
		return // reported with the store
	}
	e.say("params", bad, err.Error(), hint(err))
}

// store looks whether the store can be opened, is sound and free.
func (e *checkup) store(ctx context.Context) {
	dir := e.g.storeDir()
	st, err := cas.Open(dir)
	if err != nil {
		e.say("store", bad, err.Error(), "name another folder with --store or LANDSCAPE_STORE")
		return
	}
	defer st.Close()
	report, err := st.Verify(ctx, false)
	if err != nil {
		e.say("store", bad, err.Error(), hint(err))
		return
	}
	text := fmt.Sprintf("%s: %s, %s", dir, term.Count(report.Objects, "object"), term.Bytes(report.Bytes))
	switch {
	case !report.OK():
		e.say("store", odd, fmt.Sprintf("%s; %s damaged", text, term.Count(len(report.Damaged)+len(report.RowDamage), "place")),
			"verify lists them, repro makes again what is needed")
	case report.Temporaries > 50 || report.Quarantined > 0:
		e.say("store", odd, fmt.Sprintf("%s; %s, %d set aside", text, term.Count(report.Temporaries, "temporary file"), report.Quarantined),
			"gc --apply removes temporary files, with --aside also the damaged ones")
	default:
		e.say("store", fine, text, "")
	}
	switch err := writable(dir); {
	case err != nil:
		e.say("writing", bad, err.Error(), "repro cannot keep results there: name another folder with --store or LANDSCAPE_STORE")
	default:
		e.say("writing", fine, "results can be kept", "")
	}
	switch owner, busy, err := st.InUse(); {
	case err != nil:
		e.say("locks", bad, err.Error(), "locks do not work on this file system: keep the store on a local disk")
	case busy:
		e.say("locks", fine, "in use: "+owner, "")
	default:
		e.say("locks", fine, "nobody uses the store", "")
	}
}
