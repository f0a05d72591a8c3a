package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Log is what one execution of an action said. It is kept where the stage
// wrote something or failed.
type Log struct {
	Run     RunID         `json:"-"`
	Stage   string        `json:"stage"` // the name under which it ran
	Started time.Time     `json:"started"`
	Elapsed time.Duration `json:"elapsed"`
	Error   string        `json:"error,omitempty"` // "" where it succeeded
	Text    string        `json:"text"`            // lines, each with its newline
}

// logLimit bounds the first and the last part of a log, in bytes each. What
// lies between is dropped, with a line that says so.
const logLimit = 64 << 10

// logBuffer collects the lines of one execution.
type logBuffer struct {
	mu      sync.Mutex
	head    strings.Builder
	tail    []string
	size    int // of tail
	dropped int // lines
}

func (l *logBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(line) > logLimit {
		line = line[:logLimit] + "…"
	}
	line += "\n"
	if len(l.tail) == 0 && l.head.Len()+len(line) <= logLimit {
		l.head.WriteString(line)
		return
	}
	l.tail = append(l.tail, line)
	l.size += len(line)
	for l.size > logLimit && len(l.tail) > 1 {
		l.size -= len(l.tail[0])
		l.tail = l.tail[1:]
		l.dropped++
	}
}

func (l *logBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString(l.head.String())
	if l.dropped > 0 {
		fmt.Fprintf(&b, "… %d lines dropped …\n", l.dropped)
	}
	for _, line := range l.tail {
		b.WriteString(line)
	}
	return b.String()
}

// logRow is a Log as it lies in the store: the run id, then JSON.
func (l *Log) row(k Key) cas.Row {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain values always encode
	}
	return cas.Row{Table: tableLogs, Key: k.Digest, Value: append(l.Run[:], text...)}
}

// lookupLogs returns what the executions of an action said, oldest first.
func lookupLogs(st *cas.Store, k Key) ([]Log, error) {
	values, err := st.Lookup(tableLogs, k.Digest)
	if err != nil {
		return nil, err
	}
	var logs []Log
	for _, v := range values {
		var l Log
		if len(v) < len(l.Run) {
			continue
		}
		copy(l.Run[:], v)
		if json.Unmarshal(v[len(l.Run):], &l) == nil {
			logs = append(logs, l)
		}
	}
	return logs, nil
}
