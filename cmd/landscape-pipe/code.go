package main

import (
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

// changedCode names the packages of a kind's code that changed since a stage
// ran with the given code hash; nil where the store does not remember them.
func (w *workspace) changedCode(kind, old string) []string {
	hash, err := cas.ParseDigest(old)
	if err != nil {
		return nil
	}
	before, err := pipeline.LookupCode(w.store, hash)
	if err != nil || before == nil {
		return nil
	}
	now, err := w.sources.Parts(stages.CodeFolder(kind))
	if err != nil {
		return nil
	}
	return pipeline.ChangedParts(before, now)
}

// fieldText says what changed in a field of the key of a stage; of the code,
// it names the packages.
func (w *workspace) fieldText(kind string, f pipeline.FieldChange) string {
	text := f.String()
	if f.Path == "code" && f.Changed {
		if parts := w.changedCode(kind, f.Old); len(parts) > 0 {
			text += ": " + strings.Join(parts, ", ")
		}
	}
	return text
}

// changedFields returns what changed in the key of a stage, a line a field.
func (w *workspace) changedFields(kind string, fields []pipeline.FieldChange) []string {
	var lines []string
	for _, f := range fields {
		if f.Changed {
			lines = append(lines, w.fieldText(kind, f))
		}
	}
	return lines
}

// codeRows are the rows that tell later what the code of each kind consisted
// of that has results, as far as the store does not have them yet.
func (w *workspace) codeRows(plan *pipeline.Plan) ([]cas.Row, error) {
	var rows []cas.Row
	seen := make(map[string]bool)
	for _, step := range plan.Steps() {
		s := step.Stage
		if seen[s.Kind()] || step.State != pipeline.StateCached {
			continue
		}
		seen[s.Kind()] = true
		hash, err := w.sources.Hash(stages.CodeFolder(s.Kind()))
		if err != nil {
			return nil, err
		}
		if known, err := pipeline.LookupCode(w.store, hash); err != nil || known != nil {
			continue
		}
		parts, err := w.sources.Parts(stages.CodeFolder(s.Kind()))
		if err != nil {
			return nil, err
		}
		rows = append(rows, pipeline.CodeRow(hash, parts))
	}
	return rows, nil
}
