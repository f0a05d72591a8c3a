package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Cause is a stage from which differences spread: its result is not as
// expected, and the results that it reads are.
type Cause struct {
	Stage   string   `json:"stage"`
	Outputs []string `json:"outputs"` // that differ

	// Changed are the params, the code and the inputs in which the stage
	// differs from the last action that gave the expected result. If the
	// store knows of none, they are the params and the code that differ from
	// those in the lock file.
	Changed []string  `json:"changed"`
	Run     RunID     `json:"run_id,omitzero"` // of that action
	When    time.Time `json:"started,omitzero"`

	// Why says it in words if Changed is empty.
	Why string `json:"why,omitempty"`

	Same    []string `json:"same,omitempty"` // further stages of the kind with the same cause
	Follows int      `json:"follows"`        // divergent stages downstream of all of these
}

// Causes finds the stages with which the differences between a plan and the
// lock file begin, in topological order, and says what changed in their keys.
// Params are the current ones, in the form of [Lockfile].Params.
func (l *Lockfile) Causes(p *Plan, params map[string]string) ([]Cause, error) {
	changed := make(map[string][]string) // stage → outputs
	for _, d := range l.Compare(p.Results()) {
		if d.Kind == Changed {
			changed[d.Stage] = append(changed[d.Stage], d.Output)
		}
	}
	var roots []*Stage
	want := make(map[*Stage]map[string]Digest)
	for _, s := range p.graph.stages {
		if changed[s.name] != nil && !readsAny(s, changed) {
			roots = append(roots, s)
			want[s] = l.expects(s)
		}
	}
	origins, err := p.origins(want)
	if err != nil {
		return nil, err
	}
	var causes []Cause
	at := make(map[string]int) // kind and cause → index
	for _, s := range roots {
		c := Cause{Stage: s.name, Outputs: changed[s.name], Changed: []string{}}
		i := slices.IndexFunc(origins, func(o origin) bool { return o.Stage == s })
		switch {
		case i >= 0:
			o := origins[i]
			c.Run, c.When = o.Record.Run, o.Record.Started
			c.Changed = append(c.Changed, Changes(o.Fields)...)
			c.Why = "params, code and inputs are those that gave the expected result: the stage is not deterministic, or this machine or build gives different results"
		case l.Params == nil:
			c.Why = "no run in this store gave the expected result, so what changed is not known"
		default:
			c.Changed = append(c.Changed, l.changedSince(s, params)...)
			c.Why = "params and code are those in the lock file: this machine or build gives different results, or the stage is not deterministic"
		}
		if len(c.Changed) > 0 {
			c.Why = ""
		}
		id := s.kind.name + "\x00" + c.Why + strings.Join(c.Changed, "\x00")
		if first, ok := at[id]; ok {
			causes[first].Same = append(causes[first].Same, s.name)
			continue
		}
		at[id] = len(causes)
		causes = append(causes, c)
	}
	for i := range causes {
		causes[i].Follows = p.countFollowers(&causes[i], changed)
	}
	return causes, nil
}

// readsAny reports whether a stage reads one of the outputs, which are given
// by the names of their stages.
func readsAny(s *Stage, outputs map[string][]string) bool {
	return slices.ContainsFunc(s.inputs, func(in Input) bool { return slices.Contains(outputs[in.From.name], in.Output) })
}

// countFollowers counts the divergent stages that read an output of the
// stages of a cause, directly or not.
func (p *Plan) countFollowers(c *Cause, changed map[string][]string) int {
	reached := map[string][]string{c.Stage: changed[c.Stage]}
	for _, s := range c.Same {
		reached[s] = changed[s]
	}
	n := 0
	for _, s := range p.graph.stages {
		if reached[s.name] == nil && changed[s.name] != nil && readsAny(s, reached) {
			reached[s.name] = changed[s.name]
			n++
		}
	}
	return n
}

// changedSince returns which params, and which packages of a stage's code,
// differ from those that the results in the lock file were made with.
func (l *Lockfile) changedSince(s *Stage, params map[string]string) []string {
	text := func(value string) string {
		if value == "" {
			return "not there"
		}
		return value
	}
	var lines []string
	names := maps.Clone(l.Params)
	maps.Copy(names, params)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before, now := l.Params[name], params[name]; before != now {
			lines = append(lines, name+" "+text(before)+" → "+text(now))
		}
	}
	var packages []string
	for _, p := range s.kind.code.Parts {
		if l.Code[p.Name] != p.Digest {
			packages = append(packages, p.Name)
		}
	}
	if len(packages) > 0 {
		lines = append(lines, "code changed: "+strings.Join(packages, ", "))
	}
	return lines
}

// origin is an earlier action of a stage's kind that made given outputs.
type origin struct {
	Stage  *Stage
	Key    Key
	Record Record
	Fields []FieldChange // from that action to the stage as it is planned now
}

// origins finds, in one pass over all records, the actions that made given
// outputs, which are the digest of each output by stage. If several made them,
// the latest of those whose keys differ least from the stage's is chosen.
// Stages without an origin are left out; the others are in topological order.
func (p *Plan) origins(want map[*Stage]map[string]Digest) ([]origin, error) {
	marks := make(map[string]bool)
	mark := make(map[*Stage]string, len(want))
	for s, outputs := range want {
		m := ""
		for _, name := range s.kind.outputs {
			d, ok := outputs[name]
			if !ok {
				m = ""
				break
			}
			m += name + string(d[:])
		}
		if m != "" {
			mark[s], marks[m] = m, true
		}
	}
	found := make(map[string][]Key)
	records := make(map[Key]Record)
	for _, table := range []cas.Table{tableActions, tableEvidence} {
		err := p.store.Rows(table, func(row cas.Row) bool {
			r, _, err := decodeRecord(row.Value)
			if err != nil {
				return true
			}
			m := ""
			for _, o := range r.Outputs {
				m += o.Name + string(o.Digest[:])
			}
			if marks[m] {
				found[m] = append(found[m], Key{row.Key})
				records[Key{row.Key}] = r
			}
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("reading the records: %w", err)
		}
	}
	var origins []origin
	for _, s := range p.graph.stages {
		if mark[s] == "" {
			continue
		}
		best := -1
		var nearest origin
		for _, key := range found[mark[s]] {
			m, err := lookupManifest(p.store, key)
			if err != nil {
				return nil, fmt.Errorf("reading the manifests: %w", err)
			}
			if m == nil || m.Kind != s.kind.name {
				continue
			}
			fields, err := p.compare(m.fields(), s)
			if err != nil {
				return nil, fmt.Errorf("comparing the keys of stage %s: %w", s.name, err)
			}
			changed := 0
			for _, f := range fields {
				if f.Changed {
					changed++
				}
			}
			if best < 0 || changed <= best {
				best, nearest = changed, origin{s, key, records[key], fields}
			}
		}
		if best >= 0 {
			origins = append(origins, nearest)
		}
	}
	return origins, nil
}
