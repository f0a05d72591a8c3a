package main

import (
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// changedCode names the packages of a stage's code that changed since it
// ran with the given code hash; nil where the store does not remember them.
func (w *workspace) changedCode(s *pipeline.Stage, old string) []string {
	hash, err := cas.ParseDigest(old)
	if err != nil {
		return nil
	}
	before, err := pipeline.LookupCode(w.store, hash)
	if err != nil || before.Parts == nil {
		return nil
	}
	return codehash.Diff(before, s.Code())
}

// fieldText says what changed in a field of the key of a stage; of the code,
// it names the packages.
func (w *workspace) fieldText(s *pipeline.Stage, f pipeline.FieldChange) string {
	text := f.String()
	if f.Path == "code" && f.Changed {
		if parts := w.changedCode(s, f.Old); len(parts) > 0 {
			text += ": " + strings.Join(parts, ", ")
		}
	}
	return text
}

// changedFields returns what changed in the key of a stage, a line a field.
func (w *workspace) changedFields(s *pipeline.Stage, fields []pipeline.FieldChange) []string {
	var lines []string
	for _, f := range fields {
		if f.Changed {
			lines = append(lines, w.fieldText(s, f))
		}
	}
	return lines
}

// codeRows are the rows that tell later what the code of each kind consisted
// of that has results, as far as the store does not have them yet.
func (w *workspace) codeRows(plan *pipeline.Plan) ([]cas.Row, error) {
	var rows []cas.Row
	seen := make(map[pipeline.Digest]bool)
	for _, step := range plan.Steps() {
		code := step.Stage.Code()
		if seen[code.Digest] || step.State != pipeline.StateCached {
			continue
		}
		seen[code.Digest] = true
		if known, err := pipeline.LookupCode(w.store, code.Digest); err != nil {
			return nil, err
		} else if known.Parts == nil {
			rows = append(rows, pipeline.CodeRow(code))
		}
	}
	return rows, nil
}
