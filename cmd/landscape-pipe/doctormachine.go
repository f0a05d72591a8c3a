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
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// existing is the folder, or the nearest above it that is there.
func existing(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// writable makes and removes a file where the store lies, or would be made.
func writable(dir string) error {
	f, err := os.CreateTemp(existing(dir), ".landscape-pipe-doctor-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	return f.Close()
}

// What a run takes of a disk: the default one 60 MB, the whole paper some GB.
const (
	littleSpace = 5 << 30
	noSpace     = 200 << 20
)

// space looks at the free space for the store and the exports.
func (e *checkup) space(context.Context) {
	dir := existing(e.g.storeDir())
	free, ok := freeSpace(dir)
	text := term.Bytes(free) + " free"
	switch {
	case !ok:
		e.say("disk", fine, "the free space is not known on this system", "")
	case free < noSpace:
		e.say("disk", bad, text, "free some space: landscape-pipe gc shows what the store can spare")
	case free < littleSpace:
		e.say("disk", odd, text, "the whole paper takes some GB: landscape-pipe gc shows what the store can spare")
	default:
		e.say("disk", fine, text, "")
	}
}

// memory looks at what a run may use.
func (e *checkup) memory(context.Context) {
	limit := memoryLimit(os.ReadFile)
	cores := term.Count(runtime.GOMAXPROCS(0), "core")
	switch {
	case limit == 0:
		e.say("machine", fine, cores+", memory not known", "")
	case limit < 1<<30:
		e.say("machine", odd, fmt.Sprintf("%s, %s of memory for stages", cores, term.Bytes(limit)), "stages that need more run alone, and may be killed")
	default:
		e.say("machine", fine, fmt.Sprintf("%s, %s of memory for stages", cores, term.Bytes(limit)), "")
	}
}

// data looks whether each data set of the params is in the store, lies in a
// folder, or could be fetched.
func (e *checkup) data(ctx context.Context) {
	if e.w == nil {
		return
	}
	plan, err := e.w.plan(pipeline.Options{})
	if err != nil {
		e.say("data", bad, err.Error(), hint(err))
		return
	}
	for _, step := range plan.Steps() {
		if step.Stage.Kind() != "fetch" {
			continue
		}
		name := label(step.Stage, "dataset")
		what := "data " + name
		if step.State == pipeline.StateCached {
			e.say(what, fine, "in the store", "")
			continue
		}
		d, err := fetch.Lookup(name)
		if err != nil {
			e.say(what, bad, err.Error(), "")
			continue
		}
		e.sources(ctx, what, d)
	}
}

func (e *checkup) sources(ctx context.Context, what string, d fetch.Dataset) {
	kept := filepath.Join(e.g.Artifacts, "downloads", d.Name, d.Images.Name+".gz")
	if info, err := os.Stat(kept); err == nil {
		e.say(what, fine, "downloaded before: "+info.Name(), "")
		return
	}
	for _, folder := range append([]string{""}, d.Folders...) {
		for _, suffix := range []string{"", ".gz"} {
			name := filepath.Join(e.g.Data, folder, d.Images.Name+suffix)
			if e.g.Data != "" && exists(name) {
				e.say(what, fine, "in the folder: "+name, "")
				return
			}
		}
	}
	var tried []string
	if !e.g.Offline {
		for _, mirror := range d.Mirrors {
			err := reachable(ctx, mirror+d.Images.Name+".gz")
			if err == nil {
				e.say(what, fine, "to be had from "+mirror, "")
				return
			}
			tried = append(tried, err.Error())
		}
	}
	if d.Module != nil {
		if _, err := exec.LookPath("go"); err == nil {
			e.say(what, fine, "no mirror answers; the go command may get it as module "+d.Module.Path, "")
			return
		}
	}
	if e.g.Offline {
		tried = append(tried, "not in reach without the network (--offline)")
	}
	advice := "name a folder that has the files with --data or LANDSCAPE_DATA"
	if d.Hint != "" {
		advice += "; " + d.Hint
	}
	e.say(what, bad, strings.Join(tried, "; "), advice)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
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

// arithmetic runs the self-test: the same inputs give the same bits on every
// machine, or this machine's results are not those of others.
func (e *checkup) arithmetic(context.Context) {
	began := time.Now()
	err := kernel.SelfTest()
	took := term.Duration(time.Since(began))
	if err != nil {
		e.say("bits", bad, err.Error(), "a broken build or processor: build anew, try -tags noasm, and report it")
		return
	}
	text := fmt.Sprintf("path %s gives the reference's bits (self-test, %s)", kernel.Path(), took)
	if kernel.Path() == "scalar" {
		e.say("bits", odd, text, "without vector code a run takes a hundred times as long: this processor lacks AVX2 with FMA, or the build has -tags noasm")
		return
	}
	e.say("bits", fine, text, "")
}

// layouter looks for the helper that draws graphs, and has it draw one.
func (e *checkup) layouter(ctx context.Context) {
	l, err := findLayouter()
	if err != nil {
		e.say("drawing", odd, err.Error(), hint(err))
		return
	}
	if _, err := l.draw(ctx, "svg", []byte("digraph { a -> b }")); err != nil {
		e.say("drawing", odd, err.Error(), "only dag --render needs it; "+installHint)
		return
	}
	e.say("drawing", fine, l.program, "")
}

// toolchain looks for the go command, which is one source of data.
func (e *checkup) toolchain(ctx context.Context) {
	out, err := exec.CommandContext(ctx, "go", "version").Output()
	built := "this program was built by " + runtime.Version()
	if err != nil {
		e.say("go", fine, built+"; no go command, which is needed only to build, and for MNIST where no mirror answers", "")
		return
	}
	e.say("go", fine, strings.TrimSpace(strings.TrimPrefix(string(out), "go version "))+"; "+built, "")
}
