package pipeline

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// RunInfo is the provenance of the records of one run: where, when and by
// what they were made. None of it enters a key. Runs that run nothing leave
// no trace.
type RunInfo struct {
	ID      RunID     `json:"-"`
	Started time.Time `json:"started"`
	Host    string    `json:"host"`
	OS      string    `json:"os"`
	Arch    string    `json:"arch"`
	CPU     string    `json:"cpu,omitempty"` // model, where the system tells
	Cores   int       `json:"cores"`         // that the process may use
	Go      string    `json:"go"`
	Module  string    `json:"module"`  // path of the main module
	Version string    `json:"version"` // of the main module, with the revision where known
	Command []string  `json:"command"`

	// Ended is zero for a run that is going on or died.
	Ended  time.Time `json:"ended,omitzero"`
	Ran    int       `json:"ran,omitempty"`
	Failed int       `json:"failed,omitempty"`
}

// runsKey is the row under which all runs are kept: there are few of them,
// and whoever wants one wants the list.
var runsKey [32]byte

func newRunInfo(command []string) *RunInfo {
	if command == nil {
		command = os.Args
	}
	r := &RunInfo{
		Started: time.Now(),
		OS:      runtime.GOOS,
		Arch:    runtime.GOARCH,
		CPU:     cpuModel(),
		Cores:   runtime.GOMAXPROCS(0),
		Go:      runtime.Version(),
		Command: command,
	}
	r.Host, _ = os.Hostname() // provenance may be incomplete
	r.Module, r.Version = mainModule()
	rand.Read(r.ID[:])
	return r
}

func (r *RunInfo) row() cas.Row {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain values always encode
	}
	return cas.Row{Table: TableRuns, Key: runsKey, Value: append(r.ID[:], text...)}
}

// Runs returns the runs that ran something, in the order of their start.
func Runs(st *cas.Store) ([]RunInfo, error) {
	values, err := st.Lookup(TableRuns, runsKey)
	if err != nil {
		return nil, err
	}
	var runs []RunInfo
	at := make(map[RunID]int)
	for _, v := range values {
		var r RunInfo
		if len(v) < len(r.ID) {
			continue
		}
		copy(r.ID[:], v)
		if json.Unmarshal(v[len(r.ID):], &r) != nil {
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
