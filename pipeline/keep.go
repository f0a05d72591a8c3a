package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Root is a reason to keep results in a store.
type Root struct {
	Name    string   // "lock.json"
	Keys    []Key    // actions to be kept, with what they read
	Digests []Digest // results to be kept, with the actions that made them last
}

// Needs says what is worth keeping in a store, and why. Keep and KeepRow are
// made for [cas.GCOptions].
type Needs struct {
	objects map[Digest]int // the first root that needs it
	keys    map[Key]int
	explain map[Key]bool // whose manifests alone are kept
	names   map[[32]byte]Key
	runs    map[RunID]bool // the recent ones
	makers  map[RunID]bool // runs that made what is kept
	code    map[Digest]bool
	parts   map[Key]bool // of actions without a record that recent runs began
	roots   []string
}

// FindNeeds follows the roots, in their order, to all that they need: an
// action needs its outputs and its inputs, and a result needs an action that
// made it. Roots with keys should come first, so that equal results of
// forgotten params do not keep these alive. Runs that began at or after since
// are a root of their own, named recent, with their logs and the keys of their
// stages. The manifest with which a stage last ran is kept for explain,
// whatever became of its result.
func FindNeeds(st *cas.Store, roots []Root, recent string, since time.Time) (*Needs, error) {
	n := &Needs{
		objects: make(map[Digest]int), keys: make(map[Key]int), explain: make(map[Key]bool),
		names: make(map[[32]byte]Key), runs: make(map[RunID]bool), makers: make(map[RunID]bool), code: make(map[Digest]bool), parts: make(map[Key]bool),
	}
	runs, err := Runs(st)
	if err != nil {
		return nil, fmt.Errorf("reading the runs: %w", err)
	}
	latest := Root{Name: recent}
	for _, r := range runs {
		if !r.Started.Before(since) {
			n.runs[r.ID] = true
			if !r.Keys.IsZero() {
				latest.Digests = append(latest.Digests, r.Keys)
			}
		}
	}
	made := make(map[Digest][]Key)
	recorded := make(map[Key]bool)
	parts := make(map[Key][]Digest)
	err = st.Rows("", func(row cas.Row) bool {
		switch row.Table {
		case tableParts:
			if run, d, _, ok := readPart(row.Value); ok {
				parts[Key{row.Key}] = append(parts[Key{row.Key}], d)
				n.parts[Key{row.Key}] = n.parts[Key{row.Key}] || n.runs[run]
			}
		case tableActions, tableEvidence:
			recorded[Key{row.Key}] = true
			if r, _, err := decodeRecord(row.Value); err == nil {
				for _, o := range r.Outputs {
					made[o.Digest] = append(made[o.Digest], Key{row.Key})
				}
				if n.runs[r.Run] {
					latest.Keys = append(latest.Keys, Key{row.Key})
				}
			}
		case tableNames:
			if len(row.Value) == len(Digest{}) {
				n.names[row.Key] = Key{Digest(row.Value)}
			}
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	for _, k := range n.names {
		n.explain[k] = true
	}
	for k, digests := range parts {
		if n.parts[k] = n.parts[k] && !recorded[k]; n.parts[k] {
			latest.Digests = append(latest.Digests, digests...)
		}
	}
	for i, root := range append(slices.Clone(roots), latest) {
		n.roots = append(n.roots, root.Name)
		if err := n.follow(st, i, root, made); err != nil {
			return nil, err
		}
	}
	for k := range n.keys {
		n.explain[k] = true
	}
	for k := range n.explain {
		m, err := lookupManifest(st, k)
		if err != nil {
			return nil, err
		}
		if m != nil {
			n.code[m.Code] = true
		}
	}
	return n, nil
}

// follow marks what one root needs. If several actions made a result, the last
// one is kept, unless another is kept anyway.
func (n *Needs) follow(st *cas.Store, root int, r Root, made map[Digest][]Key) error {
	var keys []Key // kept, to be followed
	keep := func(k Key) {
		if _, ok := n.keys[k]; !ok {
			n.keys[k] = root
			keys = append(keys, k)
		}
	}
	result := func(d Digest) {
		if _, ok := n.objects[d]; !ok {
			n.objects[d] = root
		}
		makers := made[d]
		kept := func(k Key) bool { _, ok := n.keys[k]; return ok }
		if len(makers) > 0 && !slices.ContainsFunc(makers, kept) {
			keep(makers[len(makers)-1])
		}
	}
	for _, k := range r.Keys {
		keep(k)
	}
	for _, d := range r.Digests {
		result(d)
	}
	for len(keys) > 0 {
		k := keys[len(keys)-1]
		keys = keys[:len(keys)-1]
		records, err := allRecords(st, k)
		if err != nil {
			return err
		}
		for _, rec := range records {
			n.makers[rec.Run] = true
			for _, o := range rec.Outputs {
				if _, ok := n.objects[o.Digest]; !ok {
					n.objects[o.Digest] = root
				}
			}
		}
		m, err := lookupManifest(st, k)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(m.Inputs)) {
			result(m.Inputs[name])
		}
	}
	return nil
}

// Roots returns the names of the roots in their order, the recent runs last.
func (n *Needs) Roots() []string { return n.roots }

// Why returns the index of the first root that needs an object, -1 if none
// does.
func (n *Needs) Why(d Digest) int {
	if root, ok := n.objects[d]; ok {
		return root
	}
	return -1
}

// Keep reports whether an object is needed.
func (n *Needs) Keep(d Digest) bool { return n.Why(d) >= 0 }

// Forget prepares a store for the removal of what is not needed: actions that
// are kept for explain alone lose their results and keep their manifests.
// Without it explain does not know their last keys.
func (n *Needs) Forget(ctx context.Context, st *cas.Store) error {
	var batch cas.Batch
	for k := range n.explain {
		if _, kept := n.keys[k]; kept {
			continue
		}
		a, ok, err := lookupAction(st, k)
		if err != nil {
			return err
		}
		if !ok || a.manifest == nil || len(a.Outputs) == 0 {
			continue
		}
		text, err := json.Marshal(a.manifest)
		if err != nil {
			return err
		}
		forgotten := Record{Run: a.Run, Started: a.Started, Elapsed: a.Elapsed}
		batch.Rows = append(batch.Rows, cas.Row{Table: tableActions, Key: k.Digest, Value: append(forgotten.encode(len(text)), text...)})
	}
	if len(batch.Rows) == 0 {
		return nil
	}
	return st.Commit(ctx, batch)
}

// isForgotten reports whether the row of an action has no result.
func isForgotten(row []byte) bool {
	r, _, err := decodeRecord(row)
	return err == nil && len(r.Outputs) == 0
}

// KeepRow reports whether a row is needed. Rows of unknown tables are.
func (n *Needs) KeepRow(r cas.Row) bool {
	_, kept := n.keys[Key{r.Key}]
	switch r.Table {
	case tableActions:
		return kept || n.explain[Key{r.Key}] && isForgotten(r.Value)
	case tableEvidence:
		return kept
	case tableParts:
		return n.parts[Key{r.Key}]
	case tableNames:
		return len(r.Value) == len(Digest{}) && n.names[r.Key] == Key{Digest(r.Value)}
	case tableLogs:
		return kept || len(r.Value) >= len(RunID{}) && n.runs[RunID(r.Value[:len(RunID{})])]
	case tableRuns:
		var run Run
		return json.Unmarshal(r.Value, &run) == nil && (n.runs[run.ID] || n.makers[run.ID])
	case tableCode:
		return n.code[Digest(r.Key)]
	}
	return true
}
