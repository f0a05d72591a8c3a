package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// madeWith notes in a baseline with which params and code its results were
// made. Where only some of them were taken over, that is not the same for all,
// and unless nothing changed it is forgotten.
func (w *workspace) madeWith(b *pipeline.Baseline, all bool) {
	code := make(map[string]pipeline.Digest)
	for _, s := range w.graph.Stages() {
		for _, p := range s.Code().Parts {
			code[p.Name] = p.Digest
		}
	}
	params := paramLines(w.params)
	if !all && !(maps.Equal(b.Params, params) && maps.Equal(b.Code, code)) {
		params, code = nil, nil
	}
	b.Params, b.Code = params, code
}

// changedSince returns which params, and which packages of a stage's code, are
// others than those that the results of a baseline were made with, a line each.
func (w *workspace) changedSince(b *pipeline.Baseline, s *pipeline.Stage) []string {
	lines := []string{}
	now := paramLines(w.params)
	names := maps.Clone(now)
	maps.Copy(names, b.Params)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if b.Params[name] != now[name] {
			lines = append(lines, name+" "+missing(b.Params[name])+" → "+missing(now[name]))
		}
	}
	var changed []string
	for _, p := range s.Code().Parts {
		if b.Code[p.Name] != p.Digest {
			changed = append(changed, p.Name)
		}
	}
	if len(changed) > 0 {
		lines = append(lines, "code changed: "+strings.Join(changed, ", "))
	}
	return lines
}
