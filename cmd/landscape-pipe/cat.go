package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type catCmd struct {
	Output string `arg:"" help:"A file that a stage exports, STAGE:OUTPUT, or a digest of 64 digits."`
	overrides
}

// Run implements the verb.
func (c *catCmd) Run(ctx context.Context, a *app, g *globals) error {
	digest, err := cas.ParseDigest(c.Output)
	if err == nil {
		store, err := g.openStore()
		if err != nil {
			return err
		}
		defer store.Close()
		return writeObject(ctx, a, store, digest)
	}
	w, err := g.open(ctx, a, c.Set)
	if err != nil {
		return err
	}
	defer w.close()
	stage, output, err := w.findOutput(c.Output)
	if err != nil {
		return err
	}
	plan, err := w.plan(pipeline.Options{Targets: []string{stage.Name()}})
	if err != nil {
		return err
	}
	digest, _, ok := plan.Output(stage, output)
	if !ok {
		return advised(fmt.Errorf("output %s of stage %s is not up to date", output, stage), "landscape-pipe repro "+shellWord(stage.Name())+" makes it")
	}
	return writeObject(ctx, a, w.store, digest)
}

// writeObject writes the bytes as they are, except to a terminal, which they
// could steer.
func writeObject(ctx context.Context, a *app, store *cas.Store, digest cas.Digest) error {
	content, err := store.Get(ctx, digest)
	if err != nil {
		return err
	}
	out := a.raw
	if _, _, terminal := term.Size(out); terminal {
		out = a.stdout
	}
	_, err = out.Write(content)
	return err
}

// findOutput returns the one output that a name on the command line means.
func (w *workspace) findOutput(name string) (*pipeline.Stage, string, error) {
	target, output := name, ""
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "]") {
		target, output = name[:i], name[i+1:]
	}
	stages, err := w.match(target)
	if err != nil {
		return nil, "", err
	}
	stage := stages[0]
	if output == "" {
		for name, path := range stage.Exports() {
			if path == w.target(target) || path[strings.LastIndexByte(path, '/')+1:] == target {
				return stage, name, nil
			}
		}
		if outputs := stage.Outputs(); len(outputs) == 1 {
			output = outputs[0]
		}
	}
	switch {
	case len(stages) > 1:
		return nil, "", usage(fmt.Errorf("%s names %d stages", target, len(stages)), "landscape-pipe status shows their names")
	case !slices.Contains(stage.Outputs(), output):
		return nil, "", usage(fmt.Errorf("%s names no output of stage %s", name, stage),
			fmt.Sprintf("its outputs are %s: name one as %s:OUTPUT", strings.Join(stage.Outputs(), ", "), stage))
	}
	return stage, output, nil
}
