package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The tables in which the engine keeps what it knows.
const (
	// TableRecords: key → [Record].
	TableRecords cas.Table = "records"
	// TableManifests: key → [Manifest].
	TableManifests cas.Table = "manifests"
	// TableNames: SHA-256 of a stage's name → the key with which it last ran.
	TableNames cas.Table = "names"
	// TableRuns: the zero key → every [RunInfo].
	TableRuns cas.Table = "runs"
	// TableLogs: key → [Log].
	TableLogs cas.Table = "logs"
)

// RunID tells the runs of a store apart.
type RunID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id RunID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id is unset.
func (id RunID) IsZero() bool { return id == RunID{} }

// OutputRecord is one output of an action.
type OutputRecord struct {
	Name   string
	Digest Digest
	Size   int64 // uncompressed, bytes
}

// Record says what an action made, and when.
//
// It is encoded as a version (1), flags (1: Replaces), the number of outputs,
// for each the length of its name, the name, the digest and the size, then the
// run id, Started in nanoseconds since 1970 and Elapsed in nanoseconds.
// Numbers are varints.
type Record struct {
	Outputs []OutputRecord // sorted by name
	Run     RunID
	Started time.Time
	Elapsed time.Duration // of the stage's function alone

	// Replaces says that this record took the place of earlier ones of the
	// key: their objects were lost, and the action made other bytes. A later
	// record without it is evidence only.
	Replaces bool
}

const (
	recordVersion  = 1
	recordReplaces = 1
)

func (r *Record) encode() []byte {
	b := make([]byte, 0, 48+64*len(r.Outputs))
	var flags byte
	if r.Replaces {
		flags = recordReplaces
	}
	b = append(b, recordVersion, flags)
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

// output is what the engine keeps in memory of one output: its name is the
// kind's.
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

func (r *recordReader) head() (replaces bool, outputs uint64) {
	h := r.bytes(2)
	if r.bad || h[0] != recordVersion || h[1]&^recordReplaces != 0 {
		r.bad = true
		return false, 0
	}
	return h[1]&recordReplaces != 0, r.uvarint()
}

// DecodeRecord reads an encoded record.
func DecodeRecord(b []byte) (Record, error) {
	r := recordReader{rest: b}
	var rec Record
	replaces, n := r.head()
	rec.Replaces = replaces
	for i := uint64(0); i < n && !r.bad; i++ {
		name := string(r.bytes(r.uvarint()))
		if i > 0 && name <= rec.Outputs[i-1].Name {
			return Record{}, fmt.Errorf("record: output %q follows %q", name, rec.Outputs[i-1].Name)
		}
		rec.Outputs = append(rec.Outputs, OutputRecord{name, r.digest(), r.nonNegative()})
	}
	copy(rec.Run[:], r.bytes(uint64(len(rec.Run))))
	rec.Started = time.Unix(0, r.varint())
	rec.Elapsed = time.Duration(r.nonNegative())
	if r.bad {
		return Record{}, errors.New("record: it is cut off, malformed or of another version")
	}
	if len(r.rest) > 0 {
		return Record{}, fmt.Errorf("record: %d bytes follow its end", len(r.rest))
	}
	return rec, nil
}

// readOutputs is the fast way through a record whose outputs are known by
// name: it fills outs and returns the elapsed time. A record that does not
// have exactly these outputs is not ok.
func readOutputs(b []byte, names []string, outs []output) (elapsed time.Duration, replaces, ok bool) {
	r := recordReader{rest: b}
	replaces, n := r.head()
	if n != uint64(len(names)) {
		return 0, false, false
	}
	for i, want := range names {
		if string(r.bytes(r.uvarint())) != want {
			return 0, false, false
		}
		outs[i].digest = r.digest()
		outs[i].size = r.nonNegative()
	}
	r.bytes(uint64(len(RunID{})))
	r.varint()
	elapsed = time.Duration(r.nonNegative())
	return elapsed, replaces, !r.bad && len(r.rest) == 0
}

// effective fills outs from the record that counts among those of one key:
// the last one that replaces the others, else the first. A record that cannot
// be read counts as absent: it is a miss, not an error.
func effective(values [][]byte, names []string, outs []output) (elapsed time.Duration, ok bool) {
	if len(values) == 0 {
		return 0, false
	}
	for i := len(values) - 1; i > 0; i-- {
		if len(values[i]) < 2 || values[i][1]&recordReplaces == 0 {
			continue
		}
		if elapsed, _, ok := readOutputs(values[i], names, outs); ok {
			return elapsed, true
		}
	}
	for _, v := range values {
		if elapsed, _, ok := readOutputs(v, names, outs); ok {
			return elapsed, true
		}
	}
	return 0, false
}

// LookupRecords returns all records of an action in the order in which they
// were written. More than one is evidence that the action is not
// deterministic, or that its result was lost and made again.
func LookupRecords(st *cas.Store, k Key) ([]Record, error) {
	values, err := st.Lookup(TableRecords, k)
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, v := range values {
		if r, err := DecodeRecord(v); err == nil {
			records = append(records, r)
		}
	}
	return records, nil
}

// LookupRecord returns the record of an action that counts.
func LookupRecord(st *cas.Store, k Key) (Record, bool, error) {
	records, err := LookupRecords(st, k)
	if err != nil || len(records) == 0 {
		return Record{}, false, err
	}
	for i := len(records) - 1; i > 0; i-- {
		if records[i].Replaces {
			return records[i], true, nil
		}
	}
	return records[0], true, nil
}

// LookupManifest returns the manifest of an action that ran, nil if there is
// none that can be read.
func LookupManifest(st *cas.Store, k Key) (*Manifest, error) {
	values, err := st.Lookup(TableManifests, k)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if m, err := DecodeManifest(v); err == nil && m.Key() == k {
			return m, nil
		}
	}
	return nil, nil
}

// nameKey is the row under which the last key of a stage is kept.
func nameKey(name string) [32]byte { return cas.Sum([]byte(name)) }

// LastKey returns the key with which the stage of this name last ran, or
// was found in the store while others ran.
func LastKey(st *cas.Store, name string) (Key, bool, error) {
	values, err := st.Lookup(TableNames, nameKey(name))
	if err != nil {
		return Key{}, false, err
	}
	for i := len(values) - 1; i >= 0; i-- {
		if len(values[i]) == len(Key{}) {
			return Key(values[i]), true, nil
		}
	}
	return Key{}, false, nil
}
