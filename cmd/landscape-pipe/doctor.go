package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"Write JSON: an array of findings."`
}

// level is how bad a finding is.
type level string

const (
	ok   level = "ok"
	warn level = "warn" // repro works, but this is worth a look
	fail level = "fail" // repro will not work, or its results cannot be trusted
)

// finding is one thing that doctor looked at.
type finding struct {
	What   string `json:"what"`
	Level  level  `json:"level"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"`
}

// Run implements the verb.
func (c *doctorCmd) Run(ctx context.Context, a *app, g *globals) error {
	found := []finding{{What: "program", Level: ok, Text: versionLine()}, checkBits()}
	w, plan, err := g.plan(ctx, a, nil, pipeline.Options{})
	if err != nil {
		found = append(found, finding{"params, store", fail, err.Error(), hint(err)})
	} else {
		defer w.close()
		found = append(found, checkStore(ctx, w, g.storeDir()))
		found = append(found, checkData(ctx, g, w.params.Data.Objects, plan)...)
	}
	found = append(found, checkDrawing(ctx))
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.JSON {
		err = a.json(found)
	} else {
		err = printFindings(a, found)
	}
	failures := 0
	for _, f := range found {
		if f.Level == fail {
			failures++
		}
	}
	if err == nil && failures > 0 {
		err = fmt.Errorf("%s found", term.Count(failures, "problem"))
	}
	return err
}

func printFindings(a *app, found []finding) error {
	t := term.Table{}
	levels := []level{}
	for _, f := range found {
		t.Rows, levels = append(t.Rows, []string{string(f.Level), f.What, f.Text}), append(levels, f.Level)
		if f.Advice != "" {
			t.Rows, levels = append(t.Rows, []string{"", "", "→ " + f.Advice}), append(levels, "")
		}
	}
	paint := map[level]func(string) string{ok: a.out.Good, warn: a.out.Warn, fail: a.out.Bad}
	t.Paint = func(row, column int, text string) string {
		switch {
		case levels[row] == "":
			return a.out.Dim(text)
		case column == 0:
			return paint[levels[row]](text)
		}
		return text
	}
	return t.Text(a.stdout, a.out)
}

// versionLine names this binary and the path of its kernels on this machine; the
// bits are the same on each path.
func versionLine() string {
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = ", revision " + s.Value[:min(len(s.Value), 12)] + revision
			case s.Key == "vcs.modified" && s.Value == "true":
				revision += " (modified)"
			}
		}
	}
	return fmt.Sprintf("landscape-pipe %s%s, %s %s/%s, %s path, %s", version, revision,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Path(), term.Count(runtime.GOMAXPROCS(0), "core"))
}

// checkBits runs the self-test: the same inputs give the same bits on every
// machine, or this machine's results are not those of others.
func checkBits() finding {
	began := time.Now()
	if err := kernel.SelfTest(); err != nil {
		return finding{"bits", fail, err.Error(), "a broken build or processor: rebuild, try GODEBUG=cpu.avx512f=off or -tags noasm, and report it"}
	}
	text := fmt.Sprintf("path %s gives the reference's bits (self-test, %s)", kernel.Path(), term.Duration(time.Since(began)))
	if kernel.Path() == "scalar" {
		return finding{"bits", warn, text, "without vector code a run takes a hundred times as long: this processor lacks AVX2 with FMA, or the build has -tags noasm"}
	}
	return finding{What: "bits", Level: ok, Text: text}
}

// checkStore looks whether the store is intact and can be written.
func checkStore(ctx context.Context, w *workspace, dir string) finding {
	report, err := w.store.Verify(ctx, false)
	if err != nil {
		return finding{"store", fail, err.Error(), hint(err)}
	}
	text := fmt.Sprintf("%s: %s, %s", dir, term.Count(report.Objects, "object"), term.Bytes(report.Bytes))
	above := dir // the nearest folder that exists
	for _, err := os.Stat(above); errors.Is(err, fs.ErrNotExist) && above != filepath.Dir(above); _, err = os.Stat(above) {
		above = filepath.Dir(above)
	}
	f, err := os.CreateTemp(above, ".landscape-pipe-doctor-*")
	if err != nil {
		return finding{"store", fail, err.Error(), "repro cannot keep results there: name another folder with --store or LANDSCAPE_STORE"}
	}
	f.Close()
	os.Remove(f.Name())
	owner, busy, err := w.store.InUse()
	switch {
	case err != nil:
		return finding{"store", fail, err.Error(), "locks do not work on this file system: keep the store on a local disk"}
	case !report.OK():
		return finding{"store", warn, fmt.Sprintf("%s; %s", text, term.Count(len(report.Damaged)+len(report.RowDamage), "damaged place")), repairHint}
	case busy:
		text += "; in use: " + owner
	}
	return finding{What: "store", Level: ok, Text: text}
}

// checkData looks whether each data set of the params is in the store, lies in a
// folder, or could be fetched.
func checkData(ctx context.Context, g *globals, objects int, plan *pipeline.Plan) []finding {
	var found []finding
	for _, step := range plan.Steps() {
		if step.Stage.Kind() != "fetch" {
			continue
		}
		name := step.Stage.Label("dataset")
		f := finding{What: "data " + name, Level: ok, Text: "in the store"}
		if step.State != pipeline.StateCached {
			d, err := fetch.Lookup(name)
			if err != nil {
				f.Level, f.Text = fail, err.Error()
			} else {
				f.Level, f.Text, f.Advice = findData(ctx, g, d, objects)
			}
		}
		found = append(found, f)
	}
	return found
}

func findData(ctx context.Context, g *globals, d fetch.Dataset, objects int) (level, string, string) {
	if path := g.fetcher().Local(d, objects); path != "" {
		return ok, "lies in " + path, ""
	}
	var tried []string
	if !g.Offline {
		for _, mirror := range d.Mirrors {
			err := reachable(ctx, d.Address(mirror))
			if err == nil {
				return ok, "available from " + mirror, ""
			}
			tried = append(tried, err.Error())
		}
	}
	if d.Module != nil {
		if _, err := exec.LookPath("go"); err == nil {
			return ok, "no mirror answers; the go command may get it as module " + d.Module.Path, ""
		}
	}
	if g.Offline {
		tried = append(tried, "unreachable with --offline")
	}
	advice := "name a folder that has the files with --data or LANDSCAPE_DATA"
	if d.Hint != "" {
		advice += "; " + d.Hint
	}
	return fail, strings.Join(tried, "; "), advice
}

// reachable asks a server whether it has a file.
func reachable(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", request.URL.Host, response.Status)
	}
	return nil
}

// checkDrawing looks for the helper that draws graphs, and has it draw one.
func checkDrawing(ctx context.Context) finding {
	l, err := findLayouter()
	if err != nil {
		return finding{"drawing", warn, err.Error(), hint(err)}
	}
	if _, err := l.draw(ctx, "svg", []byte("digraph { a -> b }")); err != nil {
		return finding{"drawing", warn, err.Error(), "only dag --render needs it; " + installHint}
	}
	return finding{What: "drawing", Level: ok, Text: l.program}
}
