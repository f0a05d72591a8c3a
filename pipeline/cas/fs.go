package cas

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/gofrs/flock"
)

// FS is every operation on files that a [Store] makes, so that a test can let
// one of them fail. Names are paths of the operating system. Errors satisfy
// errors.Is for fs.ErrNotExist and fs.ErrExist.
type FS interface {
	// Open opens a regular file for reading. It follows no link and never
	// waits; anything that is not a regular file is an error.
	Open(name string) (File, error)

	// Create makes a file that must not exist, for writing. Others may
	// read it; nobody may write it again where readOnly is true.
	Create(name string, readOnly bool) (File, error)

	// Rename replaces newName in one step.
	Rename(oldName, newName string) error

	// Remove removes a file or an empty folder.
	Remove(name string) error

	// Mkdir makes one folder; that it exists is an error.
	Mkdir(name string) error

	// Share gives a file or folder that was just made the permissions and
	// the group of the folder root, so that everyone who may write there may
	// write here. It does nothing to those of other users.
	Share(name, root string) error

	// ReadDir returns the sorted names in a folder.
	ReadDir(name string) ([]string, error)

	// Size returns the length of a file in bytes. It follows no link.
	Size(name string) (int64, error)

	// SyncDir makes the names in a folder survive the loss of power. It
	// says nothing about the content of the files.
	SyncDir(name string) error

	// TryLock locks a file, which it makes where there is none, until
	// unlock or the death of the process. It does not wait: ok tells
	// whether the lock was free.
	TryLock(name string, exclusive bool) (unlock func() error, ok bool, err error)

	// Describe overwrites the content of a lock file, for people. Like
	// TryLock it follows no link, and refuses what is not a regular file.
	Describe(name, text string) error
}

// File is an open file of an [FS].
type File interface {
	io.ReaderAt
	io.Writer
	io.Closer

	// Size returns the present length in bytes.
	Size() (int64, error)

	// Sync makes the content survive the loss of power.
	Sync() error
}

// OS is the file system of the operating system.
var OS FS = osFS{}

type osFS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) Open(name string) (File, error) {
	f, err := openRegular(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// openRegular opens a regular file. It neither follows a link nor waits for
// the other end of a pipe; whatever else lies there is a *notRegularError.
func openRegular(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(name, flag|noFollow|nonBlocking, 0)
	if err != nil {
		if info, e := os.Lstat(name); e == nil && !info.Mode().IsRegular() {
			err = &notRegularError{name, info.Mode()}
		}
		return nil, err
	}
	if err := checkRegular(f, name); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func checkRegular(f interface{ Stat() (fs.FileInfo, error) }, name string) error {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &notRegularError{name, info.Mode()}
	}
	return err
}

// openFolder opens a folder without waiting for the other end of a pipe.
func openFolder(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (osFS) Create(name string, readOnly bool) (File, error) {
	perm := os.FileMode(0o666)
	if readOnly {
		perm = 0o444
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }
func (osFS) Remove(name string) error             { return os.Remove(name) }
func (osFS) Mkdir(name string) error              { return os.Mkdir(name, 0o777) }

func (osFS) Share(name, root string) error {
	like, err := os.Stat(root)
	if err != nil {
		return err
	}
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	mode := like.Mode() & (fs.ModePerm | fs.ModeSetgid)
	if !info.IsDir() {
		mode &= 0o666
		if info.Mode()&0o222 == 0 {
			mode &= 0o444
		}
	}
	err = shareGroup(name, info, like)
	if err == nil && info.Mode()&(fs.ModePerm|fs.ModeSetgid) != mode {
		err = os.Chmod(name, mode)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil // another user made it, and has shared it or not
	}
	return err
}

func (osFS) ReadDir(name string) ([]string, error) {
	f, err := openFolder(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func (osFS) Size(name string) (int64, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) SyncDir(name string) error {
	f, err := openFolder(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) {
		return nil // a file system that cannot sync folders has nothing to offer instead
	}
	return err
}

func (osFS) TryLock(name string, exclusive bool) (unlock func() error, ok bool, err error) {
	l := flock.New(name, flock.SetPermissions(0o666), flock.SetFlag(os.O_CREATE|os.O_RDONLY|noFollow|nonBlocking))
	if exclusive {
		ok, err = l.TryLock()
	} else {
		ok, err = l.TryRLock()
	}
	if err != nil {
		if info, e := os.Lstat(name); e == nil && !info.Mode().IsRegular() {
			err = &notRegularError{name, info.Mode()}
		}
		return nil, false, err
	}
	if !ok {
		return nil, false, nil
	}
	if err := checkRegular(l, name); err != nil {
		l.Unlock()
		return nil, false, err
	}
	return l.Unlock, true, nil
}

func (osFS) Describe(name, text string) error {
	f, err := openRegular(name, os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if info, e := f.Stat(); err == nil && e == nil && info.Size() > int64(len(text)) {
		err = f.Truncate(int64(len(text))) // costs more than the rest, and is rarely needed
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// smallFile is more than the file format and those of locks ever hold.
const smallFile = 1 << 20

// readAll returns the content of a file, or as much of it as limit allows.
func readAll(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return readRange(f, 0, min(size, limit))
}

// readRange returns length bytes from offset; fewer are io.ErrUnexpectedEOF.
func readRange(f io.ReaderAt, offset, length int64) ([]byte, error) {
	data := make([]byte, length)
	if err := readFull(f, offset, data); err != nil {
		return nil, err
	}
	return data, nil
}

func readFull(f io.ReaderAt, offset int64, data []byte) error {
	n, err := f.ReadAt(data, offset)
	if n == len(data) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// readTolerant fills data from offset on, where the medium may have lost a
// few sectors: these come back as zeros, which are no sound frame.
func readTolerant(f io.ReaderAt, offset int64, data []byte) error {
	err := readFull(f, offset, data)
	if err == nil || !unreadable(err) {
		return err
	}
	const sector = 4 << 10
	for len(data) > 0 {
		piece := data[:min(sector, len(data))]
		if err := readFull(f, offset, piece); err != nil {
			if !unreadable(err) {
				return err
			}
			clear(piece)
		}
		offset += int64(len(piece))
		data = data[len(piece):]
	}
	return nil
}

// makeFolders makes dir with all folders above it, and syncs the parents, also
// of existing folders: their creator may have died before the sync.
func makeFolders(fsys FS, dir string) error {
	parent := filepath.Dir(dir)
	err := fsys.Mkdir(dir)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeFolders(fsys, parent); err != nil {
			return err
		}
		if err = fsys.Mkdir(dir); err == nil {
			return fsys.SyncDir(parent)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for ; ; dir, parent = parent, filepath.Dir(parent) {
		if parent == dir {
			return nil
		}
		// What may not be read was not made by this user.
		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
}
