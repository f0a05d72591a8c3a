package cas

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Table names one of the append-only logs of a store.
type Table string

// maxTableName and maxRowSize bound what a row may hold, so that a damaged
// length is recognized.
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

// check refuses what no store could give back. It looks at the structure of
// an object's frame only: the caller has just hashed the content.
func (b *Batch) check() error {
	for _, o := range b.Objects {
		size, err := statFrame(bytesReader(o.Frame), int64(len(o.Frame)))
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

// Store keeps objects by digest and rows by key in a folder; the package
// comment says what it promises. All methods are safe for concurrent use, also
// by several processes on one store.
type Store struct {
	dir         string
	fs          FS
	parallel    int   // how many files are written or synced at the same time
	retainLimit int64 // bytes of segments that may stay in memory
	mergeAt     int   // closed segments that a writer leaves alone
	limit       int64 // bytes beyond which no segment grows
	id          string
	temporaries atomic.Int64
	closed      atomic.Bool

	tablesMu sync.Mutex
	tables   *tables    // nil until rows are first needed
	own      ownSegment // of segment

	// writeMu holds a token while files are changed: by one commit, or by gc.
	// It guards the fields below.
	writeMu chan struct{}
	segment *segmentWriter
	folders map[string]bool // folders of objects that are known to be durable themselves
	broken  error           // why nothing more is written
	buffer  []byte          // for the frames of the next commit

	startMu    chan struct{} // holds one token while the store lock is taken or given back
	writing    atomic.Bool
	unlockFile func() error

	stripesMu sync.Mutex
	stripes   [256]*stripe // by the first byte of a key; nil where none is held
	held      map[[32]byte]bool
}

// An Option changes how a store is opened.
type Option func(*Store)

// WithFS makes a store use another file system than [OS].
func WithFS(fsys FS) Option { return func(s *Store) { s.fs = fsys } }

// Open opens the store in a folder. It reads one small file and writes
// nothing: a folder that is missing or empty is an empty store, and is made
// at the first write. Errors: *[FormatError] for a store of another format or
// a folder that is no store, *[StoreError] if it cannot be read.
func Open(dir string, options ...Option) (*Store, error) {
	var id [4]byte
	rand.Read(id[:])
	s := &Store{
		dir:         filepath.Clean(dir),
		fs:          OS,
		parallel:    16,
		retainLimit: 512 << 20, // a million rows of common size
		mergeAt:     16,
		limit:       segmentLimit,
		id:          hex.EncodeToString(id[:]),
		writeMu:     make(chan struct{}, 1),
		folders:     make(map[string]bool),
		startMu:     make(chan struct{}, 1),
		held:        make(map[[32]byte]bool),
	}
	for _, option := range options {
		option(s)
	}
	if _, err := checkFormat(s.fs, s.dir); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// storeError adds to an error which store it concerns and what was attempted.
// An error that says so itself, or does not concern the store, stays as it is.
func (s *Store) storeError(op string, err error) error {
	if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var (
		store  *StoreError
		format *FormatError
		busy   *BusyError
	)
	if errors.As(err, &store) || errors.As(err, &format) || errors.As(err, &busy) {
		return err
	}
	return &StoreError{Dir: s.dir, Op: op, Err: err}
}

// Commit makes a batch durable. When it returns nil, every object and row
// survives the loss of power, and the rows are visible to Lookup. Objects
// become durable before the rows. After an error none of the rows counts as
// written; some objects may be present, and a later process may still find
// the rows, with their objects, as it may those of a process that died just
// before Commit returned.
//
// After a write or sync that failed, nothing more is written until the store
// is opened again. A canceled context keeps a batch from being written only
// until its writing has begun. Errors: *[StoreError], of which errors.Is tells
// [ErrFull] and [ErrReadOnly].
func (s *Store) Commit(ctx context.Context, b Batch) error {
	if err := b.check(); err != nil {
		return err
	}
	return s.write(ctx, "commit to", func() error {
		if err := s.writeObjects(b.Objects); err != nil {
			return err
		}
		return s.append(rowFrames(b.Rows))
	})
}

// write calls f while it alone changes files in this process, and other
// processes do not clean up. An error of f ends all writing.
func (s *Store) write(ctx context.Context, op string, f func() error) error {
	select {
	case s.writeMu <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writeMu }()
	if _, err := s.beginWriting(ctx, true); err != nil {
		return s.storeError(op, err)
	}
	err := s.broken
	if err == nil {
		if err = f(); err != nil && ctx.Err() == nil {
			s.broken = fmt.Errorf("%w: an earlier write failed; what was committed is safe, and nothing is written until the store is opened again", err)
		}
	}
	return s.storeError(op, err)
}

// Close releases what the store holds. It commits nothing, and waits for a
// commit that is under way.
func (s *Store) Close() error {
	s.writeMu <- struct{}{}
	defer func() { <-s.writeMu }()
	if s.closed.Load() {
		return nil
	}
	err := s.closeSegment()
	s.closed.Store(true)
	s.freeStripes()
	s.startMu <- struct{}{}
	s.endWriting()
	<-s.startMu
	s.tablesMu.Lock()
	defer s.tablesMu.Unlock()
	s.dropTables()
	return s.storeError("close", err)
}
