package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// RunID tells the runs of a store apart.
type RunID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id RunID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is unset.
func (id RunID) IsZero() bool { return id == RunID{} }

// MarshalText implements [encoding.TextMarshaler].
func (id RunID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *RunID) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(id) {
		return fmt.Errorf("run id %q: want %d hexadecimal digits", text, hex.EncodedLen(len(id)))
	}
	*id = RunID(b)
	return nil
}

// Run describes one run: where, when and by what its records were made, and
// what was up to date when it ended. None of it enters a key. A run that had
// nothing to do leaves no trace.
type Run struct {
	ID      RunID             `json:"id"`
	Name    string            `json:"name,omitempty"` // as in [RunOptions]
	Note    string            `json:"note,omitempty"`
	Params  map[string]string `json:"params,omitempty"`
	Started time.Time         `json:"started"`
	Host    string            `json:"host"`
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	CPU     string            `json:"cpu,omitempty"` // model, if known
	Cores   int               `json:"cores"`         // that the process may use
	Go      string            `json:"go"`
	Module  string            `json:"module"`  // path of the main module
	Version string            `json:"version"` // of the main module, with the revision if known
	Command []string          `json:"command"`

	// Ended is zero for a run that has not ended or was killed.
	Ended  time.Time `json:"ended,omitzero"`
	Ran    int       `json:"ran,omitempty"`
	Failed int       `json:"failed,omitempty"`
	Keys   Digest    `json:"keys,omitzero"` // an object; see [Run.Stages]
}

// runsKey is the row under which all runs are kept: there are few of them,
// and callers want the list.
var runsKey [32]byte

func newRun(o RunOptions) *Run {
	r := &Run{
		Name:    o.Name,
		Note:    o.Note,
		Params:  o.Params,
		Started: time.Now(),
		OS:      runtime.GOOS,
		Arch:    runtime.GOARCH,
		CPU:     cpuModel(),
		Cores:   runtime.GOMAXPROCS(0),
		Go:      runtime.Version(),
		Command: o.Command,
	}
	if r.Command == nil {
		r.Command = os.Args
	}
	r.Host, _ = os.Hostname() // provenance may be incomplete
	r.Module, r.Version = mainModule()
	rand.Read(r.ID[:])
	return r
}

func (r *Run) row() cas.Row {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain values always encode
	}
	return cas.Row{Table: tableRuns, Key: runsKey, Value: text}
}

// end returns what a run leaves behind: which stages are up to date, of what
// their code consists, and the run itself.
func (p *Plan) end(r *Run) (batch cas.Batch, err error) {
	keys := cas.Encode(p.keysText())
	batch.Objects = append(batch.Objects, keys)
	seen := make(map[Digest]bool)
	for i, s := range p.graph.stages {
		code := s.kind.code
		if !p.needed[i] || p.state[i] != StateCached || code.Parts == nil || seen[code.Digest] {
			continue
		}
		seen[code.Digest] = true
		if known, err := lookupCode(p.store, code.Digest); err != nil {
			return batch, err
		} else if known.Parts != nil {
			continue
		}
		text, err := json.Marshal(code.Parts)
		if err != nil {
			return batch, fmt.Errorf("the code of stage %s: %w", s.name, err)
		}
		batch.Rows = append(batch.Rows, cas.Row{Table: tableCode, Key: code.Digest, Value: text})
	}
	r.Ended, r.Keys = time.Now(), keys.Digest
	batch.Rows = append(batch.Rows, r.row())
	return batch, nil
}

// lookupCode returns a code hash with its parts. It has none if the store does
// not know them.
func lookupCode(st *cas.Store, code Digest) (codehash.Hash, error) {
	h := codehash.Hash{Digest: code}
	rows, err := st.Lookup(tableCode, code)
	if err == nil && len(rows) > 0 && json.Unmarshal(rows[0], &h.Parts) != nil {
		h.Parts = nil // it is only a hint
	}
	return h, err
}

// keysText returns what [Plan.Keys] returns, as [json.Marshal] writes it.
func (p *Plan) keysText() []byte {
	var stages []*Stage
	for i, s := range p.graph.stages {
		if p.needed[i] && p.state[i] == StateCached {
			stages = append(stages, s)
		}
	}
	slices.SortFunc(stages, func(a, b *Stage) int { return strings.Compare(a.name, b.name) })
	size := 2
	for _, s := range stages {
		size += len(s.name) + hex.EncodedLen(len(Digest{})) + 6
	}
	text := append(make([]byte, 0, size), '{')
	for i, s := range stages {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(appendQuoted(text, s.name), `:"`...)
		text = append(hex.AppendEncode(text, p.keys[s.index].Digest[:]), '"')
	}
	return append(text, '}')
}

// Keys returns the keys of the needed stages that are up to date, by name.
func (p *Plan) Keys() map[string]Key {
	keys := make(map[string]Key)
	for i, s := range p.graph.stages {
		if p.needed[i] && p.state[i] == StateCached {
			keys[s.name] = p.keys[i]
		}
	}
	return keys
}

// Runs returns the runs that ran something, in the order of their start.
func Runs(st *cas.Store) ([]Run, error) {
	rows, err := st.Lookup(tableRuns, runsKey)
	if err != nil {
		return nil, err
	}
	var runs []Run
	at := make(map[RunID]int)
	for _, row := range rows {
		var r Run
		if json.Unmarshal(row, &r) != nil {
			continue
		}
		if i, ok := at[r.ID]; ok {
			runs[i] = r // the row that was written at the end
			continue
		}
		at[r.ID] = len(runs)
		runs = append(runs, r)
	}
	return runs, nil
}

// Stages returns the keys of the stages that were up to date when the run
// ended, by name; nil if that is not known, because the run was killed or has
// not ended, or gc has removed them.
func (r *Run) Stages(ctx context.Context, st *cas.Store) (map[string]Key, error) {
	if r.Keys.IsZero() {
		return nil, nil
	}
	text, err := st.Get(ctx, r.Keys)
	if isLost(err) {
		return nil, nil
	}
	var keys map[string]Key
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	if err != nil {
		return nil, fmt.Errorf("the stages of run %s: %w", r.ID, err)
	}
	return keys, nil
}

var mainModule = sync.OnceValues(func() (path, version string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	version = info.Main.Version
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && !strings.Contains(version, s.Value):
			version += " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			version += " (modified)"
		}
	}
	return info.Main.Path, version
})

var cpuModel = sync.OnceValue(func() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
})
