package cas

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Store keeps objects by digest and rows by key in a folder; the package
// comment says how they lie there. All methods are safe for concurrent use,
// also by several processes on one store.
type Store struct {
	dir         string
	fs          FS
	parallel    int    // how many files are written or synced at the same time
	retainLimit int64  // bytes of segments that may stay in memory
	hashMask    uint32 // bits of the hashes in the index that are used
	mergeAt     int    // segments from which on the first write merges them
	id          string
	temporaries atomic.Int64
	closed      atomic.Bool

	tablesMu sync.RWMutex
	tables   *tables // nil until rows are first needed
	limits   map[uint64]int64

	queueMu sync.Mutex
	queue   []*request
	leading bool

	// groupMu is held while files are changed: one group of commits, or a
	// merge or gc, at a time. It guards the fields below.
	groupMu sync.Mutex
	segment *segmentWriter
	folders map[string]bool // folders of objects that are known to be durable themselves

	startMu    chan struct{} // holds one token while the store lock is taken or given back
	writing    atomic.Bool
	unlockFile func() error

	stripesMu sync.Mutex
	stripes   map[byte]*stripe
}

// An Option changes how a store is opened.
type Option func(*Store)

// WithFS makes a store use another file system than [OS].
func WithFS(fsys FS) Option { return func(d *Store) { d.fs = fsys } }

// Open opens the store in a folder. It reads one small file and writes
// nothing: a folder that is missing or empty is an empty store, and is made
// at the first write. Errors: *[FormatError] for a store of a newer format
// or a folder that is no store, *[StoreError] where it cannot be read.
func Open(dir string, options ...Option) (*Store, error) {
	var id [4]byte
	rand.Read(id[:])
	d := &Store{
		dir:         filepath.Clean(dir),
		fs:          OS,
		parallel:    16,
		retainLimit: 16 << 20,
		hashMask:    math.MaxUint32,
		mergeAt:     32,
		id:          hex.EncodeToString(id[:]),
		limits:      make(map[uint64]int64),
		folders:     make(map[string]bool),
		startMu:     make(chan struct{}, 1),
		stripes:     make(map[byte]*stripe),
	}
	for _, option := range options {
		option(d)
	}
	if _, err := checkFormat(d.fs, d.dir); err != nil {
		return nil, err
	}
	return d, nil
}

// Dir returns the folder of the store.
func (d *Store) Dir() string { return d.dir }

func (d *Store) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// folderOf returns the name of the folder below objects that holds an
// object.
func folderOf(o Digest) string { return hex.EncodeToString(o[:1]) }

// ObjectPath returns where the file of an object lies, or would lie.
func (d *Store) ObjectPath(o Digest) string {
	return d.path("objects", folderOf(o), o.String()+".zst")
}

// parseObjectName returns the digest that a file in objects is named by.
func parseObjectName(name string) (Digest, bool) {
	digits, ok := strings.CutSuffix(name, ".zst")
	if !ok || digits != strings.ToLower(digits) {
		return Digest{}, false
	}
	o, err := ParseDigest(digits)
	return o, err == nil
}

// Get returns the whole content of an object after its SHA-256 was compared
// with o. Errors: [ErrNotFound], *[DamagedError], or what the disk said.
func (d *Store) Get(ctx context.Context, o Digest) ([]byte, error) {
	frame, err := d.readFrame(ctx, o)
	if err != nil {
		return nil, err
	}
	content, err := Decode(o, frame)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		damaged.Path = d.ObjectPath(o)
	}
	return content, err
}

// Stat returns the uncompressed size of an object without reading it whole.
// It proves presence, not integrity, but finds an object that is too short or
// too long. Errors are those of Get.
func (d *Store) Stat(ctx context.Context, o Digest) (int64, error) {
	f, size, _, err := d.openObject(ctx, o)
	if err != nil {
		return 0, err
	}
	f.Close()
	return size, nil
}

// openObject opens the file of an object, whose header fits its length.
func (d *Store) openObject(ctx context.Context, o Digest) (f File, size, total int64, err error) {
	if d.closed.Load() {
		return nil, 0, 0, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, 0, err
	}
	path := d.ObjectPath(o)
	f, err = d.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, 0, fmt.Errorf("object %s: %w", o.Short(), ErrNotFound)
	}
	if err != nil {
		return nil, 0, 0, d.readError(o, err)
	}
	total, err = f.Size()
	if err == nil {
		var header []byte
		if header, err = readRange(f, 0, min(total, headerSize)); err == nil {
			if size, err = statFrame(header, total); err != nil {
				err = &DamagedError{Digest: o, Path: path, Reason: err.Error()}
			}
		}
	}
	if err != nil {
		f.Close()
		return nil, 0, 0, d.readError(o, err)
	}
	return f, size, total, nil
}

func (d *Store) readFrame(ctx context.Context, o Digest) ([]byte, error) {
	f, _, total, err := d.openObject(ctx, o)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	frame, err := readRange(f, 0, total)
	if err != nil {
		return nil, d.readError(o, err)
	}
	return frame, nil
}

// readError says whether the trouble is with one object or with the store.
func (d *Store) readError(o Digest, err error) error {
	var damaged *DamagedError
	switch {
	case errors.As(err, &damaged):
		return err
	case unreadable(err):
		return &DamagedError{Digest: o, Path: d.ObjectPath(o), Reason: err.Error()}
	}
	return d.storeError("read", err)
}

// storeError says which store and what for. An error that tells so itself,
// or is no trouble of the store, stays as it is.
func (d *Store) storeError(op string, err error) error {
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
	return &StoreError{Dir: d.dir, Op: op, Err: err}
}

// Close releases what the store holds. It commits nothing, and waits for
// commits that are under way.
func (d *Store) Close() error {
	d.groupMu.Lock()
	defer d.groupMu.Unlock()
	if d.closed.Swap(true) {
		return nil
	}
	err := d.closeSegment()
	d.freeStripes()
	d.startMu <- struct{}{}
	d.endWriting()
	<-d.startMu
	d.tablesMu.Lock()
	defer d.tablesMu.Unlock()
	d.dropTables()
	return d.storeError("close", err)
}
