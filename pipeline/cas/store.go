package cas

import (
	"errors"
	"fmt"
)

// ErrNotFound is returned (wrapped, with the digest) where an object is not
// in the store.
var ErrNotFound = errors.New("object not in the store")

// DamagedError says that an object is in the store but is not what its name
// promises. For a caller that can make the object again it means the same as
// [ErrNotFound].
type DamagedError struct {
	Digest Digest
	Path   string // where the damaged bytes lie, "" if nowhere on disk
	Reason string // "SHA-256 is …", "truncated frame", …
}

func (e *DamagedError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("object %s is damaged: %s", e.Digest.Short(), e.Reason)
	}
	return fmt.Sprintf("object %s is damaged: %s (%s)", e.Digest.Short(), e.Reason, e.Path)
}

// Object is content that is ready to be committed: hashed and compressed, so
// that the costly work is done by whoever made the content, in parallel,
// before anyone waits for a disk.
type Object struct {
	Digest Digest
	Size   int64  // uncompressed, bytes
	Frame  []byte // see [Encode]
}

// Table names one of the append-only logs of a store.
type Table string

// maxTableName and maxRowSize bound what a row may hold, so that a damaged
// length is recognised as such.
const (
	maxTableName = 64
	maxRowSize   = 64 << 20
)

// Row is one checksummed entry of a table. Its key is opaque to the store.
type Row struct {
	Table Table    // 1 to 64 bytes
	Key   [32]byte // need not be a hash
	Value []byte   // at most 64 MiB; may be empty
}

// Batch is what one commit makes durable together.
type Batch struct {
	Objects []Object
	Rows    []Row
}

// check refuses what no store could give back. It looks at the header of a
// frame only: who made the object has just hashed it.
func (b *Batch) check() error {
	for _, o := range b.Objects {
		size, err := statFrame(o.Frame, int64(len(o.Frame)))
		if err != nil {
			return fmt.Errorf("object %s cannot be stored: %w", o.Digest.Short(), err)
		}
		if size != o.Size {
			return fmt.Errorf("object %s cannot be stored: its frame has %d bytes, not %d", o.Digest.Short(), size, o.Size)
		}
	}
	for _, r := range b.Rows {
		if len(r.Table) == 0 || len(r.Table) > maxTableName {
			return fmt.Errorf("row of table %q cannot be stored: the name needs 1 to %d bytes", r.Table, maxTableName)
		}
		if len(r.Value) > maxRowSize {
			return fmt.Errorf("row of table %q cannot be stored: its value has %d bytes, at most %d are allowed", r.Table, len(r.Value), maxRowSize)
		}
	}
	return nil
}
