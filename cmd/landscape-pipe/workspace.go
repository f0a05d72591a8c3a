package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	landscape "github.com/landscape-pipe/landscape-pipe"
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
func (g *globals) open(a *app, set []string) (*workspace, error) {
	params, err := stages.LoadParams(g.Params, set)
	if err != nil {
		var wrong *stages.ParamsError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s in the params:\n%w", term.Count(len(wrong.Problems), "mistake"), err)
		}
		return nil, usage(err, "")
	}
	hasher, err := codehash.New(a.sources, landscape.Module)
	if err != nil {
		return nil, fmt.Errorf("reading the sources of the stages: %w", err)
	}
	graph, err := stages.New(params, stages.Env{Hasher: hasher, Fetcher: &fetch.Fetcher{
		DataDir: g.Data, Offline: g.Offline, CacheDir: filepath.Join(g.Artifacts, "downloads"),
	}})
	if err != nil {
		return nil, fmt.Errorf("building the graph: %w", err)
	}
	if text := hasher.Warning(); text != "" {
		a.warn("%s", text)
	}
	w := &workspace{params: params, graph: graph, exports: g.Artifacts, run: params.RunName(g.Params, set)}
	if w.run != "" {
		w.exports = filepath.Join(g.Artifacts, "runs", w.run)
		w.base = g.baseOf(w.run, params)
	}
	if w.store, err = g.openStore(); err != nil {
		return nil, err
	}
	return w, nil
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
func (w *workspace) lockFile() string { return filepath.Join(w.exports, lockName) }

// The files of a run that say what is expected of it.
const (
	lockName       = "lock.json"
	tolerancesName = "tolerances.toml"
)

// plan opens the workspace and compares its graph with the store.
func (g *globals) plan(a *app, set []string, o pipeline.Options) (*workspace, *pipeline.Plan, error) {
	w, err := g.open(a, set)
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

// plan compares the graph with the store. Targets that name nothing are wrong
// usage.
func (w *workspace) plan(o pipeline.Options) (*pipeline.Plan, error) {
	var wrong []error
	for _, t := range o.Targets {
		if _, err := w.graph.Match(t); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return nil, usage(errors.Join(wrong...), "landscape-pipe status shows what there is")
	}
	return pipeline.NewPlan(w.graph, w.store, o)
}

func isStoreError(err error) bool {
	var (
		store  *cas.StoreError
		format *cas.FormatError
	)
	return errors.As(err, &store) || errors.As(err, &format)
}
