package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// RecordFault is an output that a record names and the store cannot provide.
type RecordFault struct {
	Key    Key
	Kind   string // of the action, "" if its manifest is lost
	Output string
	Digest Digest
	Err    error // [cas.ErrNotFound], *[cas.DamagedError], or a size that differs
}

// Integrity is what [CheckRecords] found.
type Integrity struct {
	Records int // that count, one per action
	Faults  []RecordFault

	// Unexplained are the keys of records without a manifest: explain and
	// check cannot say what made them.
	Unexplained []Key
}

// CheckRecords checks that the objects that records name are in the store and
// have the recorded sizes. It does not read content and writes nothing.
func CheckRecords(ctx context.Context, st *cas.Store) (*Integrity, error) {
	var keys []Key
	seen := make(map[Key]bool)
	err := st.Rows(tableActions, func(row cas.Row) bool {
		k := Key{row.Key}
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reading the records: %w", err)
	}
	report := &Integrity{}
	for _, key := range keys {
		a, ok, err := lookupAction(st, key)
		if err != nil {
			return nil, err
		}
		if !ok || len(a.Outputs) == 0 {
			continue // unreadable, or its result was removed: a miss
		}
		report.Records++
		kind := ""
		if a.manifest == nil {
			report.Unexplained = append(report.Unexplained, key)
		} else {
			kind = a.manifest.Kind
		}
		for _, o := range a.Outputs {
			size, err := st.Stat(ctx, o.Digest)
			switch {
			case err == nil && size != o.Size:
				err = fmt.Errorf("it has %d bytes, the record says %d", size, o.Size)
			case err != nil && !errors.Is(err, cas.ErrNotFound) && !isLost(err):
				return nil, err
			}
			if err != nil {
				report.Faults = append(report.Faults, RecordFault{key, kind, o.Name, o.Digest, err})
			}
		}
	}
	return report, nil
}

// Fault is damage in a store. Its fields are its form in JSON.
type Fault struct {
	Fault  string `json:"fault"` // damaged, missing, or rows: an index row that cannot be read
	Digest Digest `json:"digest,omitzero"`
	What   string `json:"what,omitempty"` // the output that has this digest
	Reason string `json:"reason"`
	Path   string `json:"path,omitempty"`
}

// Examination is what [Plan.Examine] found.
type Examination struct {
	Store   *cas.VerifyReport
	Records *Integrity
	Faults  []Fault // each object once
}

// Examine reads the store and lists what is damaged or missing, whether the plan
// needs it or not; with hash, it reads and hashes every object. It writes nothing.
func (p *Plan) Examine(ctx context.Context, hash bool) (*Examination, error) {
	e := &Examination{Faults: []Fault{}}
	var err error
	if e.Store, err = p.store.Verify(ctx, hash); err != nil {
		return nil, err
	}
	if e.Records, err = CheckRecords(ctx, p.store); err != nil {
		return nil, err
	}
	names := p.outputNames()
	for _, f := range e.Records.Faults {
		if names[f.Digest] == "" && f.Kind != "" {
			names[f.Digest] = fmt.Sprintf("%s of a %s with other params", f.Output, f.Kind)
		}
	}
	seen := make(map[Digest]bool)
	add := func(fault string, d Digest, reason, path string) {
		if seen[d] {
			return
		}
		seen[d] = true
		what := names[d]
		if what == "" {
			what = "of no stage with these params"
		}
		e.Faults = append(e.Faults, Fault{fault, d, what, reason, path})
	}
	for _, d := range e.Store.Damaged {
		reason := d.Reason
		if d.Offset > 0 {
			reason += fmt.Sprintf(", at byte %d", d.Offset)
		}
		add("damaged", d.Digest, reason, d.Path)
	}
	for _, f := range e.Records.Faults {
		if errors.Is(f.Err, cas.ErrNotFound) {
			add("missing", f.Digest, "a record names it, and it is not in the store", "")
		} else {
			add("damaged", f.Digest, f.Err.Error(), "")
		}
	}
	for _, d := range e.Store.RowDamage {
		reason := d.Reason
		if reason == "" {
			reason = fmt.Sprintf("%d bytes at %d hold no intact row", d.Bytes, d.Offset)
		}
		e.Faults = append(e.Faults, Fault{Fault: "rows", Reason: reason, Path: d.Path})
	}
	return e, nil
}

// outputNames names the outputs of the stages that are up to date.
func (p *Plan) outputNames() map[Digest]string {
	names := make(map[Digest]string)
	for _, step := range p.Steps() {
		for _, output := range step.Stage.Outputs() {
			if d, _, ok := p.Output(step.Stage, output); ok && names[d] == "" {
				names[d] = output + " of " + step.Stage.Name()
			}
		}
	}
	return names
}

// Repair rebuilds what the store has lost of the graph's results, and only that,
// by run, which executes a plan; then it puts the damaged objects in quarantine. It
// returns the stages that were rebuilt.
func (e *Examination) Repair(ctx context.Context, g *Graph, st *cas.Store, run func(*Plan) error) ([]*Stage, error) {
	p, err := NewPlan(g, st, Options{})
	if err != nil {
		return nil, err
	}
	lost, err := p.Verify(ctx)
	if err != nil {
		return nil, err
	}
	if len(lost) > 0 {
		targets := make([]string, len(lost))
		for i, s := range lost {
			targets[i] = s.name
		}
		// Only these stages: others that are not up to date are left to later runs.
		if p, err = NewPlan(g, st, Options{Targets: targets}); err != nil {
			return nil, err
		}
		if _, err := p.Verify(ctx); err != nil {
			return nil, err
		}
		if err := run(p); err != nil {
			return nil, err
		}
	}
	for _, d := range e.Store.Damaged {
		if err := st.Quarantine(ctx, d.Digest); err != nil {
			return nil, err
		}
	}
	return lost, nil
}
