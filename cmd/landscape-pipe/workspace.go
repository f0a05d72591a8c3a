package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// workspace is what the verbs work on: the params, the graph that follows
// from them, the store, and the folder that the results go to.
type workspace struct {
	params  stages.Params
	graph   *pipeline.Graph
	store   *cas.Store
	exports string // folder
	run     string // name of the run, "" for the default one
	base    string // folder of the run of which this is a variant, "" for none
}

// open reads the params, builds the graph and opens the store. It changes
// nothing. The workspace must be closed.
func (g *globals) open(ctx context.Context, a *app, set []string) (*workspace, error) {
	if err := wantFolder("--artifacts", g.Artifacts); err != nil {
		return nil, err
	}
	params, err := stages.LoadParams(ctx, g.Params, set)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		var wrong *config.Error
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s in the params:\n%w", term.Count(len(wrong.Problems), "mistake"), err)
		}
		return nil, usage(err, "")
	}
	if params, err = params.Without(g.Without...); err != nil {
		return nil, usage(fmt.Errorf("--without: %w", err), "")
	}
	hasher, err := a.hasher()
	if err != nil {
		return nil, err
	}
	given, err := stages.ReadGiven(ctx, params)
	var mistake *stages.DataError
	if errors.As(err, &mistake) {
		return nil, usage(mistake, mistake.Hint)
	}
	if err != nil {
		return nil, err
	}
	graph, err := stages.New(params, stages.Env{Hasher: hasher, Fetcher: g.fetcher(), Given: given})
	if err != nil {
		return nil, fmt.Errorf("building the graph: %w", err)
	}
	if text := hasher.Warning(); text != "" {
		a.warn("%s", text)
	}
	for _, text := range params.Followed {
		fmt.Fprintf(a.stderr, "%s %s\n", a.err.Bold("note:"), text)
	}
	w := &workspace{params: params, graph: graph, exports: g.Artifacts}
	isDefault, err := g.isDefault(a, params)
	if err != nil {
		return nil, err
	}
	if !isDefault {
		w.run = params.RunName(g.Params, set)
		w.exports = filepath.Join(g.Artifacts, "runs", w.run)
		w.base = g.baseOf(w.run, params)
	}
	if w.store, err = g.openStore(); err != nil {
		return nil, err
	}
	return w, nil
}

// fetcher says where data may come from.
func (g *globals) fetcher() *fetch.Fetcher {
	return &fetch.Fetcher{DataDir: g.Data, Offline: g.Offline, CacheDir: filepath.Join(g.Artifacts, "downloads")}
}

func (a *app) hasher() (*codehash.Hasher, error) {
	hasher, err := codehash.New(a.sources, landscape.Module)
	if err != nil {
		return nil, fmt.Errorf("reading the sources of the stages: %w", err)
	}
	return hasher, nil
}

// isDefault reports whether these are the params of the default run, whose
// figures, results and lock.json are under version control: the params that
// lock.json names. The params that this program carries decide only if there is
// no lock.json: otherwise an edited params.toml would overwrite the tracked
// figures.
func (g *globals) isDefault(a *app, params stages.Params) (bool, error) {
	path := filepath.Join(g.Artifacts, baseline.LockName)
	made, err := pipeline.LockfileParams(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && made == nil {
		return params.Digest() == stages.DefaultParams().Digest(), nil
	}
	if err != nil {
		return false, advised(err, "restore the file, or remove it to go on without expected results")
	}
	locked, err := stages.ParseLines(path, made)
	if err != nil {
		a.warn("the params in %s cannot be read, so no run is the default one; check --update --as-default makes this one the default:\n%v", path, err)
		return false, nil
	}
	return params.Digest() == locked.Digest(), nil
}

// baseOf is the folder of the run of the same params file without --set or an
// edit: its name has no digest of the params.
func (g *globals) baseOf(run string, params stages.Params) string {
	name, variant := strings.CutSuffix(run, "-"+params.Digest()[:8])
	switch {
	case !variant:
		return ""
	case name == "params":
		return g.Artifacts
	}
	return filepath.Join(g.Artifacts, "runs", name)
}

// wantFolder checks before any work that nothing but a folder lies where results
// will be written; it need not exist yet. what is the flag or argument.
func wantFolder(what, dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return usage(fmt.Errorf("%s: %s is not a folder", what, dir), "name a folder, which need not exist yet")
	}
	return nil
}

// storeDir is the folder of the store.
func (g *globals) storeDir() string {
	if g.Store != "" {
		return g.Store
	}
	return filepath.Join(g.Artifacts, "store")
}

func (g *globals) openStore() (*cas.Store, error) { return cas.Open(g.storeDir()) }

func (w *workspace) close() { w.store.Close() }

// lockFile is where the expected digests of the run are kept.
func (w *workspace) lockFile() string { return filepath.Join(w.exports, baseline.LockName) }

// defaultParams is the params file of the current folder.
const defaultParams = "params.toml"

// plan opens the workspace and compares its graph with the store.
func (g *globals) plan(ctx context.Context, a *app, set []string, o pipeline.Options) (*workspace, *pipeline.Plan, error) {
	w, err := g.open(ctx, a, set)
	if err != nil {
		return nil, nil, err
	}
	p, err := w.plan(o)
	if err != nil {
		w.close()
		return nil, nil, err
	}
	return w, p, nil
}

// planStore is plan for the verbs that are about the whole store. Where only
// curvature was used there are no params: the graph is empty.
func (g *globals) planStore(ctx context.Context, a *app, set []string, o pipeline.Options) (*workspace, *pipeline.Plan, error) {
	if _, err := os.Lstat(g.storeDir()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage(fmt.Errorf("there is no store in %s", g.storeDir()), "name one with --store, or make it with landscape-pipe repro")
	}
	_, err := os.Stat(g.Params)
	if !errors.Is(err, fs.ErrNotExist) || g.Params != defaultParams || len(set)+len(o.Targets) > 0 {
		return g.plan(ctx, a, set, o)
	}
	hasher, err := a.hasher()
	if err != nil {
		return nil, nil, err
	}
	w := &workspace{graph: pipeline.NewGraph(hasher), exports: g.Artifacts}
	if w.store, err = g.openStore(); err != nil {
		return nil, nil, err
	}
	p, err := w.plan(o)
	if err != nil {
		w.close()
		return nil, nil, err
	}
	return w, p, nil
}

// plan compares the graph with the store. Targets that name nothing are wrong
// usage.
func (w *workspace) plan(o pipeline.Options) (*pipeline.Plan, error) {
	var wrong []error
	targets := make([]string, len(o.Targets))
	for i, t := range o.Targets {
		targets[i] = w.target(t)
		if _, err := w.match(t); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var err error
	if o.Since, err = w.since(); err != nil {
		return nil, err
	}
	o.Targets = targets
	return pipeline.NewPlan(w.graph, w.store, o)
}

// read returns the bytes of an output that a plan, made after a run, has up to date.
func (w *workspace) read(ctx context.Context, plan *pipeline.Plan, o pipeline.Output) ([]byte, error) {
	digest, _, ok := plan.Output(o.Stage, o.Name)
	if !ok {
		return nil, advised(fmt.Errorf("output %s of stage %s is not up to date", o.Name, o.Stage), repairHint)
	}
	return w.store.Get(ctx, digest)
}

// since are the earlier runs with which stages are compared: those with the name
// of this one, then those of the same params file, the last one first.
func (w *workspace) since() ([]pipeline.Run, error) {
	const most = 16
	runs, err := pipeline.Runs(w.store)
	if err != nil {
		return nil, err
	}
	slices.Reverse(runs)
	same, akin := []pipeline.Run{}, []pipeline.Run{}
	for _, r := range runs {
		switch {
		case len(r.Params) == 0: // of curvature, whose stages are others
		case r.Name == w.run:
			same = append(same, r)
		case fileOf(r.Name) == fileOf(w.run):
			akin = append(akin, r)
		}
	}
	all := append(same, akin...)
	return all[:min(len(all), most)], nil
}

// fileOf is what the runs of one params file have in common in their names: "ci"
// of "ci" and of "ci-1f0c9a3e", "params" of the default run.
func fileOf(run string) string {
	return cmp.Or(variantSuffix.ReplaceAllString(run, ""), "params")
}

// variantSuffix is what [stages.Params.RunName] adds for other values.
var variantSuffix = regexp.MustCompile(`-[0-9a-f]{8}$`)

// match returns the stages that a target names. One that names nothing is wrong
// usage.
func (w *workspace) match(target string) ([]*pipeline.Stage, error) {
	found, err := w.graph.Match(w.target(target))
	if err == nil {
		return found, nil
	}
	if owner := w.owner(target); owner != "" {
		err = fmt.Errorf("target %q: the file belongs to %s: give the params of that run with --params", target, owner)
	}
	return nil, usage(err, "landscape-pipe status shows what there is")
}

// target returns a target as the graph names it: the path of an exported file is
// cut to the part below the folder of exports.
func (w *workspace) target(name string) string {
	if below, ok := within(w.exports, name); ok {
		return below
	}
	return name
}

// owner names another run to whose exports a path leads, "" for none.
func (w *workspace) owner(path string) string {
	artifacts := w.exports
	if w.run != "" {
		artifacts = filepath.Dir(filepath.Dir(w.exports))
	}
	below, ok := within(artifacts, path)
	first, rest, _ := strings.Cut(below, "/")
	run, _, _ := strings.Cut(rest, "/")
	switch {
	case !ok || first == "runs" && (run == "" || run == w.run) || first != "runs" && w.run == "":
		return ""
	case first == "runs":
		return "the run " + run
	}
	return "the default run"
}

// within returns the path relative to a folder, with slashes, if it leads below
// the folder.
func within(folder, path string) (string, bool) {
	from, err1 := filepath.Abs(folder)
	to, err2 := filepath.Abs(path)
	below, err := filepath.Rel(from, to)
	if err != nil || err1 != nil || err2 != nil || !filepath.IsLocal(below) || below == "." {
		return "", false
	}
	return filepath.ToSlash(below), true
}
