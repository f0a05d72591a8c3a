package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// Explanation compares the key of a stage with an earlier one. A stage that is up
// to date is compared with itself.
type Explanation struct {
	Stage  *Stage
	State  State
	Reason string
	Key    Key    // zero if not known yet
	Before Before // its Key is zero if nothing of the kind ever ran
	Fields []FieldChange
}

// FieldChange is one field of a key and its earlier value, which may be the
// same.
type FieldChange struct {
	Path    string
	Old     string // "" if it was absent
	New     string // "" if it is absent
	Changed bool
	Unknown bool // New is not known: it is the output of a stage that will run

	// Parts are the packages of the code that changed, if the store knows of
	// what the old code consisted.
	Parts []string
}

// Explain compares the key of a stage with an earlier one, field by field.
func (p *Plan) Explain(s *Stage) (*Explanation, error) {
	step := p.step(s)
	e := &Explanation{Stage: s, State: step.State, Reason: step.Reason, Key: step.Key}
	var old []Field
	var err error
	if step.State == StateCached {
		e.Before, old = Before{Key: step.Key}, p.fields(s)
	} else if e.Before, old, _, err = p.before(s); err != nil {
		return nil, fmt.Errorf("stage %s: %w", s.name, err)
	}
	if e.Fields, err = p.compare(old, s); err != nil {
		return nil, fmt.Errorf("stage %s: %w", s.name, err)
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		if name, ok := strings.CutPrefix(f.Path, "inputs."); ok && f.New == unknown {
			f.Unknown, f.Changed, f.New = true, false, ""
			for _, in := range s.inputs {
				if in.Name == name {
					f.New = "output " + in.Output + " of " + in.From.name
				}
			}
		}
	}
	return e, nil
}

// unknown stands for a digest that is not known yet. No digest has this text.
const unknown = "?"

// fields returns the fields of the key of a stage, known or not.
func (p *Plan) fields(s *Stage) []Field {
	m := &manifest{Kind: s.kind.name, Platform: s.kind.platform, Code: s.kind.code.Digest, Outputs: s.kind.outputs, Params: s.params}
	fields := m.fields()
	for i, e := range s.sources() {
		value := unknown
		if p.known[e.from] {
			value = p.source(e).digest.String()
		}
		fields = append(fields, Field{"inputs." + s.inputs[i].Name, value})
	}
	return fields
}

// compare compares the fields of an earlier key of a stage with those of the
// current one.
func (p *Plan) compare(old []Field, s *Stage) ([]FieldChange, error) {
	changes := compareFields(old, p.fields(s))
	for i := range changes {
		f := &changes[i]
		if f.Path != "code" || !f.Changed || f.Old == "" {
			continue
		}
		code, err := cas.ParseDigest(f.Old)
		if err != nil {
			return nil, err
		}
		before, err := lookupCode(p.store, code)
		if err != nil {
			return nil, err
		}
		if before.Parts != nil {
			f.Parts = codehash.Diff(before, s.kind.code)
		}
	}
	return changes, nil
}

// Changes says what changed, with one line per changed field.
func Changes(fields []FieldChange) []string {
	var lines []string
	for _, f := range fields {
		if f.Changed {
			lines = append(lines, f.String())
		}
	}
	return lines
}

// compareFields compares two manifests: first the fields of now in their
// order, then those that were removed.
func compareFields(old, now []Field) []FieldChange {
	then := make(map[string]string, len(old))
	for _, f := range old {
		then[f.Path] = f.Value
	}
	changes := make([]FieldChange, 0, len(now))
	for _, f := range now {
		was, ok := then[f.Path]
		changes = append(changes, FieldChange{Path: f.Path, Old: was, New: f.Value, Changed: !ok || was != f.Value})
		delete(then, f.Path)
	}
	for _, f := range old {
		if _, ok := then[f.Path]; ok {
			changes = append(changes, FieldChange{Path: f.Path, Old: f.Value, Changed: true})
		}
	}
	return changes
}

// reason says in one line why a stage runs.
func (p *Plan) reason(s *Stage) string {
	if p.known[s.index] {
		if lost := p.lostOutputs(s, p.outputs(s.index)); len(lost) > 0 {
			return lostReason(s, lost)
		}
	}
	if p.forced(s.index, p.keys[s.index]) {
		return "forced"
	}
	b, old, ok, err := p.before(s)
	switch {
	case err != nil:
		return "its last run cannot be read: " + err.Error()
	case !ok:
		return "never run"
	case b.Key == p.keys[s.index]:
		return "its record is lost"
	case old == nil:
		return "the manifest of its last run is lost"
	}
	changes := compareFields(old, p.fields(s))
	if !b.Nearest {
		return summary(changes)
	}
	if n := differing(old, p.fields(s)); n > maxReasons {
		return "never run"
	}
	return "never run; nearest: " + summary(changes)
}

func lostReason(s *Stage, lost []lostOutput) string {
	what := "damaged"
	if !slices.ContainsFunc(lost, lostOutput.damaged) {
		what = "missing"
	}
	return "output " + s.kind.outputs[lost[0].output] + " " + what
}

// maxReasons is how many changed fields a reason names.
const maxReasons = 3

// summary names the first fields that changed.
func summary(fields []FieldChange) string {
	var parts []string
	for _, f := range fields {
		if f.Changed {
			f.Parts = nil // a reason is short
			parts = append(parts, f.String())
		}
	}
	if len(parts) == 0 {
		return "the format of keys changed"
	}
	if len(parts) > maxReasons {
		return fmt.Sprintf("%s and %d more", strings.Join(parts[:maxReasons], ", "), len(parts)-maxReasons)
	}
	return strings.Join(parts, ", ")
}

// String says what changed: "params.step_size 0.001 → 0.002", "code changed:
// internal/grid", "input mesh changed".
func (f FieldChange) String() string {
	if name, ok := strings.CutPrefix(f.Path, "inputs."); ok {
		return "input " + name + " " + f.verb()
	}
	switch {
	case f.Path == "code" && f.Changed && len(f.Parts) > 0:
		return "code changed: " + strings.Join(f.Parts, ", ")
	case f.Path == "code" || !f.Changed:
		return f.Path + " " + f.verb()
	case f.Old == "":
		return f.Path + " added: " + shorten(f.New)
	case f.New == "":
		return f.Path + " removed: " + shorten(f.Old)
	}
	return f.Path + " " + shorten(f.Old) + " → " + shorten(f.New)
}

func (f FieldChange) verb() string {
	switch {
	case f.Unknown:
		return "not known yet"
	case !f.Changed:
		return "unchanged"
	case f.Old == "":
		return "added"
	case f.New == "":
		return "removed"
	}
	return "changed"
}

// shorten cuts a value to a length that fits on a line.
func shorten(s string) string {
	const most = 40
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
