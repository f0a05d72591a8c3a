package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// TableSnapshots: run id, then zeros → the digest of a [Snapshot].
const TableSnapshots cas.Table = "snapshots"

// Snapshot says what was up to date when a run ended, so that two runs can be
// compared later. It is kept as an object: canonical JSON.
type Snapshot struct {
	Run    RunID             `json:"-"`
	Name   string            `json:"name"`   // of the run, as its caller names it
	Params map[string]string `json:"params"` // as its caller writes them
	Stages map[string]Key    `json:"stages"` // the stages that were up to date, by name
}

// Snapshot returns the state of the plan, after [Plan.Run] for its run.
func (p *Plan) Snapshot(run RunID, name string, params map[string]string) *Snapshot {
	s := &Snapshot{Run: run, Name: name, Params: params, Stages: make(map[string]Key)}
	for i, stage := range p.graph.stages {
		if p.needed[i] && p.state[i] == StateCached {
			s.Stages[stage.name] = p.keys[i]
		}
	}
	return s
}

func snapshotKey(run RunID) (key [32]byte) {
	copy(key[:], run[:])
	return key
}

// SaveSnapshot keeps a snapshot in the store, and further rows with it.
func SaveSnapshot(ctx context.Context, st *cas.Store, s *Snapshot, rows ...cas.Row) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("snapshot of run %s: %w", s.Run, err)
	}
	o := cas.Encode(text)
	rows = append(rows, cas.Row{Table: TableSnapshots, Key: snapshotKey(s.Run), Value: o.Digest[:]})
	return st.Commit(ctx, cas.Batch{Objects: []cas.Object{o}, Rows: rows})
}

// LoadSnapshot returns the snapshot of a run, nil where it left none.
func LoadSnapshot(ctx context.Context, st *cas.Store, run RunID) (*Snapshot, error) {
	values, err := st.Lookup(TableSnapshots, snapshotKey(run))
	if err != nil || len(values) == 0 {
		return nil, err
	}
	last := values[len(values)-1]
	if len(last) != len(Digest{}) {
		return nil, nil
	}
	text, err := st.Get(ctx, Digest(last))
	if err != nil {
		return nil, fmt.Errorf("snapshot of run %s: %w", run, err)
	}
	s := &Snapshot{Run: run}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("snapshot of run %s: %w", run, err)
	}
	return s, nil
}
