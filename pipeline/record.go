package pipeline

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The tables of the engine.
const (
	// tableActions: key → the record of the action, then its manifest. The
	// last row counts.
	tableActions cas.Table = "actions"
	// tableParts: key → the finished parts of an execution that was
	// interrupted; see partRow.
	tableParts cas.Table = "parts"
	// tableEvidence: key → the records of executions that made other bytes
	// than the row that counts.
	tableEvidence cas.Table = "evidence"
	// tableNames: SHA-256 of a stage's name → the key with which it last ran.
	tableNames cas.Table = "names"
	// tableLogs: key → run ids, each followed by a [Log] in JSON.
	tableLogs cas.Table = "logs"
	// tableRuns: the zero key → every [Run] in JSON, at its start and its end.
	tableRuns cas.Table = "runs"
	// tableCode: code hash → its parts in JSON.
	tableCode cas.Table = "code"
)

// OutputRecord is one output of an action.
type OutputRecord struct {
	Name   string
	Digest Digest
	Size   int64 // uncompressed, bytes
}

// Record says what an action made, and when.
//
// It is encoded as a version (2), the number of outputs, for each the length
// of its name, the name, the digest and the size, then the run id, Started in
// nanoseconds since 1970 and Elapsed in nanoseconds. Numbers are varints.
type Record struct {
	Outputs []OutputRecord // sorted by name
	Run     RunID
	Started time.Time
	Elapsed time.Duration // of the stage's function alone
}

const recordVersion = 2

// encode returns the record, with room for so many bytes of a manifest behind it.
func (r *Record) encode(room int) []byte {
	b := make([]byte, 0, 48+64*len(r.Outputs)+room)
	b = append(b, recordVersion)
	b = binary.AppendUvarint(b, uint64(len(r.Outputs)))
	for _, o := range r.Outputs {
		b = binary.AppendUvarint(b, uint64(len(o.Name)))
		b = append(b, o.Name...)
		b = append(b, o.Digest[:]...)
		b = binary.AppendUvarint(b, uint64(o.Size))
	}
	b = append(b, r.Run[:]...)
	b = binary.AppendVarint(b, r.Started.UnixNano())
	return binary.AppendUvarint(b, uint64(r.Elapsed))
}

// output is what the engine keeps in memory of one output. Its name is known
// from the kind.
type output struct {
	digest Digest
	size   int64
}

// recordReader reads a record field by field, without allocating.
type recordReader struct {
	rest []byte
	bad  bool
}

func (r *recordReader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	if n > 1 && r.rest[n-1] == 0 { // a longer form of a smaller number
		r.bad = true
	}
	r.rest = r.rest[n:]
	return v
}

func (r *recordReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *recordReader) nonNegative() int64 {
	u := r.uvarint()
	if u > 1<<63-1 {
		r.bad = true
	}
	return int64(u)
}

func (r *recordReader) digest() (d Digest) {
	copy(d[:], r.bytes(uint64(len(d))))
	return d
}

// head returns the number of outputs.
func (r *recordReader) head() uint64 {
	if v := r.bytes(1); r.bad || v[0] != recordVersion {
		r.bad = true
		return 0
	}
	return r.uvarint()
}

// decodeRecord reads an encoded record and returns what follows it.
func decodeRecord(b []byte) (rec Record, rest []byte, err error) {
	r := recordReader{rest: b}
	n := r.head()
	for i := uint64(0); i < n && !r.bad; i++ {
		name := string(r.bytes(r.uvarint()))
		if i > 0 && name <= rec.Outputs[i-1].Name {
			return Record{}, nil, fmt.Errorf("record: output %q follows %q", name, rec.Outputs[i-1].Name)
		}
		rec.Outputs = append(rec.Outputs, OutputRecord{name, r.digest(), r.nonNegative()})
	}
	copy(rec.Run[:], r.bytes(uint64(len(rec.Run))))
	rec.Started = time.Unix(0, r.varint())
	rec.Elapsed = time.Duration(r.nonNegative())
	if r.bad {
		return Record{}, nil, errors.New("the record is cut off, malformed or of another version")
	}
	return rec, r.rest, nil
}

// readOutputs reads a record whose outputs are known by name, without
// allocating: it fills outs and returns the elapsed time. A record that does
// not have exactly these outputs is not ok.
func readOutputs(b []byte, names []string, outs []output) (elapsed time.Duration, ok bool) {
	r := recordReader{rest: b}
	if r.head() != uint64(len(names)) {
		return 0, false
	}
	for i, want := range names {
		if string(r.bytes(r.uvarint())) != want {
			return 0, false
		}
		outs[i].digest = r.digest()
		outs[i].size = r.nonNegative()
	}
	r.bytes(uint64(len(RunID{})))
	r.varint()
	elapsed = time.Duration(r.nonNegative())
	return elapsed, !r.bad
}

// readLast fills outs from the last readable row of an action. An unreadable
// row counts as absent: it is a miss, not an error.
func readLast(rows [][]byte, names []string, outs []output) (elapsed time.Duration, ok bool) {
	for _, row := range slices.Backward(rows) {
		if elapsed, ok := readOutputs(row, names, outs); ok {
			return elapsed, true
		}
	}
	return 0, false
}

// storedAction is what the store knows of an action. The manifest is nil if it
// cannot be read.
type storedAction struct {
	Record
	manifest *manifest
}

// lookupAction returns the row of an action that counts.
func lookupAction(st *cas.Store, k Key) (a storedAction, ok bool, err error) {
	rows, err := st.Lookup(tableActions, k.Digest)
	if err != nil {
		return a, false, err
	}
	for _, row := range slices.Backward(rows) {
		rec, text, err := decodeRecord(row)
		if err != nil {
			continue
		}
		m, _ := decodeManifest(k, text)
		return storedAction{rec, m}, true, nil
	}
	return a, false, nil
}

// LookupRecord returns the record of an action, if the store has a readable
// one.
func LookupRecord(st *cas.Store, k Key) (Record, bool, error) {
	a, ok, err := lookupAction(st, k)
	return a.Record, ok && len(a.Outputs) > 0, err
}

// allRecords returns all records of an action, those that are evidence
// included.
func allRecords(st *cas.Store, k Key) ([]Record, error) {
	var records []Record
	for _, table := range []cas.Table{tableActions, tableEvidence} {
		rows, err := st.Lookup(table, k.Digest)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if r, _, err := decodeRecord(row); err == nil {
				records = append(records, r)
			}
		}
	}
	return records, nil
}

// lookupManifest returns the manifest of an action that ran, nil if the store
// has no readable one.
func lookupManifest(st *cas.Store, k Key) (*manifest, error) {
	a, _, err := lookupAction(st, k)
	return a.manifest, err
}

// nameKey is the row under which the last key of a stage is kept.
func nameKey(name string) [32]byte { return cas.Sum([]byte(name)) }

// LastKey returns the key with which the stage of this name last ran, or was
// found in the store during a run.
func LastKey(st *cas.Store, name string) (Key, bool, error) {
	values, err := st.Lookup(tableNames, nameKey(name))
	if err != nil {
		return Key{}, false, err
	}
	for i := len(values) - 1; i >= 0; i-- {
		if len(values[i]) == len(Digest{}) {
			return Key{Digest(values[i])}, true, nil
		}
	}
	return Key{}, false, nil
}

// Log is what one execution of an action logged. It is kept if the stage logged
// something or failed.
type Log struct {
	Run     RunID         `json:"-"`
	Stage   string        `json:"stage"` // the name under which it ran
	Started time.Time     `json:"started"`
	Elapsed time.Duration `json:"elapsed"`
	Error   string        `json:"error,omitempty"` // "" if it succeeded
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
	if len(l.tail) == 0 {
		return l.head.String()
	}
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

// row returns the row that keeps the log: the run id, then JSON.
func (l *Log) row(k Key) cas.Row {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain values always encode
	}
	return cas.Row{Table: tableLogs, Key: k.Digest, Value: append(l.Run[:], text...)}
}

// lookupLogs returns the logs of the executions of an action, oldest first.
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
