package cas

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// ErrNotFound is returned (wrapped, with the digest) if an object is not in
// the store.
var ErrNotFound = errors.New("object not in the store")

// DamagedError says that an object is in the store but is not what its name
// promises. For a caller that can make the object again it means the same as
// [ErrNotFound].
type DamagedError struct {
	Digest Digest
	Path   string // where the damaged bytes lie, "" if nowhere on disk
	Offset int64  // in a segment, 0 in a file of its own
	Reason string // "SHA-256 is …", "truncated", …
}

func (e *DamagedError) Error() string {
	where := ""
	switch {
	case e.Offset > 0:
		where = fmt.Sprintf(" (%s, byte %d)", e.Path, e.Offset)
	case e.Path != "":
		where = fmt.Sprintf(" (%s)", e.Path)
	}
	return fmt.Sprintf("object %s is damaged: %s%s", e.Digest.Short(), e.Reason, where)
}

// ErrClosed is returned by every method of a store after Close.
var ErrClosed = errors.New("store is closed")

// ErrFull matches, by errors.Is, a [StoreError] whose cause is a full disk
// or a quota.
var ErrFull = errors.New("no space left for the store")

// ErrReadOnly matches, by errors.Is, a [StoreError] whose cause is that the
// folder, its file system or its owner does not allow writing.
var ErrReadOnly = errors.New("store cannot be written")

// StoreError says that the store as a whole cannot be opened, read or
// written. What was committed before is not touched by it.
type StoreError struct {
	Dir string // of the store
	Op  string // "open", "read", "commit", …
	Err error
}

func (e *StoreError) Error() string {
	text := fmt.Sprintf("%s store %s: %v", e.Op, e.Dir, e.Err)
	switch {
	case e.Is(ErrFull):
		text += "; what was committed is safe: free some space (gc removes what nothing needs) and run again"
	case e.Is(ErrReadOnly):
		text += "; allow writing to the folder or use another store"
	}
	return text
}

func (e *StoreError) Unwrap() error { return e.Err }

// Is lets errors.Is find [ErrFull] and [ErrReadOnly].
func (e *StoreError) Is(target error) bool {
	switch target {
	case ErrFull:
		return isFull(e.Err)
	case ErrReadOnly:
		return errors.Is(e.Err, syscall.EROFS) || errors.Is(e.Err, fs.ErrPermission)
	}
	return false
}

// FormatError says that a folder is no store that this binary can read. It
// is not changed.
type FormatError struct {
	Dir    string
	Have   int    // version of the store, 0 if it is not known
	Want   int    // version that this binary reads
	Reason string // what is wrong with the folder and what to do, if Have is 0
}

func (e *FormatError) Error() string {
	switch {
	case e.Have > e.Want:
		return fmt.Sprintf("store %s has format %d, this program reads format %d: use a newer release, or another folder as store", e.Dir, e.Have, e.Want)
	case e.Have > 0:
		return fmt.Sprintf("store %s has format %d, this program reads format %d and cannot use its results, since the keys have changed too", e.Dir, e.Have, e.Want)
	}
	return fmt.Sprintf("store %s cannot be used: %s", e.Dir, e.Reason)
}

// BusyError says that exclusive access to the store is denied because another
// process uses it.
type BusyError struct {
	Dir   string
	Owner string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("store %s is in use by %s: wait for it to end and try again", e.Dir, e.Owner)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// notRegularError says that something else lies where a file of the store
// belongs.
type notRegularError struct {
	path string
	mode fs.FileMode
}

func (e *notRegularError) Error() string {
	kind := "a device"
	switch {
	case e.mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	case e.mode.IsDir():
		kind = "a folder"
	case e.mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case e.mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Sprintf("%s is %s, not a regular file", e.path, kind)
}

// unreadable reports whether reading failed in a way that concerns this one
// file: the medium has lost a sector, something else lies in its place or in
// that of its folder, it may not be read, or it became shorter meanwhile.
func unreadable(err error) bool {
	var kind *notRegularError
	if errors.As(err, &kind) || errors.Is(err, fs.ErrPermission) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	for _, errno := range []error{syscall.EIO, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP, syscall.ENXIO} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
