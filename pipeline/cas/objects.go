package cas

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// folderOf returns the name of the folder below objects that holds an object.
func folderOf(o Digest) string { return hex.EncodeToString(o[:1]) }

// objectPath returns where the file of an object lies, or would lie.
func (s *Store) objectPath(o Digest) string {
	return s.path("objects", folderOf(o), o.String()+".zst")
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

// Place is where an object lies.
type Place struct {
	Path   string // of its file, or of the segment that holds it
	Offset int64  // of its zstd frame in that file
	Bytes  int64  // of the frame
}

// Get returns the whole content of an object after its SHA-256 was compared
// with o. Errors: [ErrNotFound], *[DamagedError], or what the disk said.
func (s *Store) Get(ctx context.Context, o Digest) (content []byte, err error) {
	err = s.find(ctx, o, func(r io.ReaderAt, p Place) error {
		frame, err := readRange(r, 0, p.Bytes)
		if err != nil {
			return err
		}
		content, err = decode(o, frame)
		return err
	})
	return content, err
}

// Stat returns the uncompressed size of an object without reading it whole.
// It proves presence, not integrity, but finds an object that is too short or
// too long. Errors are those of Get.
func (s *Store) Stat(ctx context.Context, o Digest) (size int64, err error) {
	err = s.find(ctx, o, func(r io.ReaderAt, p Place) error {
		size, err = statFrame(r, p.Bytes)
		return err
	})
	return size, err
}

// Locate returns where an object lies. Errors are those of Get.
func (s *Store) Locate(ctx context.Context, o Digest) (place Place, err error) {
	err = s.find(ctx, o, func(_ io.ReaderAt, p Place) error {
		place = p
		return nil
	})
	return place, err
}

// find calls read with the frame of an object and its place: in a segment if
// the index knows it, otherwise in a file of its own. Before it reports a miss
// it looks once for what other processes have committed.
func (s *Store) find(ctx context.Context, o Digest, read func(io.ReaderAt, Place) error) error {
	if s.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.findSmall(o, read)
	if err == nil {
		return nil
	}
	inFile := s.findFile(o, read)
	switch {
	case inFile == nil:
		return nil // too large for a segment, or damaged there
	case !errors.Is(err, ErrNotFound):
		return err
	case !errors.Is(inFile, ErrNotFound):
		return inFile
	}
	if err := s.update(); err != nil {
		return s.storeError("read", err)
	}
	return s.findSmall(o, read)
}

// findSmall calls read with the frame of an object in a segment.
func (s *Store) findSmall(o Digest, read func(io.ReaderAt, Place) error) error {
	var p Place
	var frame []byte
	err := s.withTables(func(t *tables) error {
		ref, ok := t.object(o)
		if !ok {
			return fmt.Errorf("object %s: %w", o.Short(), ErrNotFound)
		}
		p = t.where(ref)
		f, err := t.reader(t.segments[ref.segment])
		if err == nil {
			frame, err = readRange(f, p.Offset, p.Bytes)
		}
		return err
	})
	if err == nil {
		err = read(bytes.NewReader(frame), p)
	}
	return s.readError(o, p, err)
}

// findFile calls read with the file of an object.
func (s *Store) findFile(o Digest, read func(io.ReaderAt, Place) error) error {
	p := Place{Path: s.objectPath(o)}
	f, err := s.fs.Open(p.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("object %s: %w", o.Short(), ErrNotFound)
	}
	if err != nil {
		return s.readError(o, p, err)
	}
	defer f.Close()
	p.Bytes, err = f.Size()
	if err == nil {
		err = read(f, p)
	}
	return s.readError(o, p, err)
}

// readError distinguishes a fault of one object from one of the store.
func (s *Store) readError(o Digest, p Place, err error) error {
	var damaged *DamagedError
	var frame frameError
	switch {
	case errors.Is(err, ErrNotFound):
		return err
	case errors.As(err, &damaged):
		damaged.Path, damaged.Offset = p.Path, p.Offset
		return err
	case errors.As(err, &frame) || unreadable(err):
		return &DamagedError{Digest: o, Path: p.Path, Offset: p.Offset, Reason: err.Error()}
	}
	return s.storeError("read", err)
}

// writeObjects makes objects durable: small ones in the segment of this
// process, the others as files.
func (s *Store) writeObjects(objects []Object) error {
	var large []Object
	small := make([]newFrame, 0, len(objects))
	seen := make(map[Digest]bool, len(objects))
	for i := range objects {
		o := &objects[i]
		if seen[o.Digest] {
			continue
		}
		seen[o.Digest] = true
		if !o.Small() {
			large = append(large, *o)
			continue
		}
		present, err := s.presentSmall(o)
		if err != nil {
			return err
		}
		if !present {
			small = append(small, newFrame{kindObject, o.Digest[:], o.Frame})
		}
	}
	if err := s.writeFiles(large); err != nil {
		return err
	}
	return s.append(small)
}

// presentSmall reports whether a segment holds a sound copy of an object that
// is durable. That is certain for the segment of this process and for closed
// ones: nobody closes a segment before it is synced.
func (s *Store) presentSmall(o *Object) (present bool, err error) {
	err = s.withTables(func(t *tables) error {
		ref, ok := t.object(o.Digest)
		if !ok {
			return nil
		}
		if segment := t.segments[ref.segment]; !segment.closed && segment.seq != s.own.seq {
			return nil
		}
		data, err := t.readFrame(ref.segment, ref.offset, ref.size)
		if err != nil {
			return err
		}
		frame := data[frameHeader+len(o.Digest):]
		if present = bytes.Equal(frame, o.Frame); !present {
			_, err := decode(o.Digest, frame)
			present = err == nil // compressed by another release
		}
		return nil
	})
	return present, err
}

// writeFiles makes objects durable as files. Those that are there, and are
// sound, are not written again. But another process may have renamed them into
// place and not have come to its sync of the folder yet, or ever, so the
// folder is synced for them too. That their content is durable follows from
// the order of every writer.
func (s *Store) writeFiles(objects []Object) error {
	if len(objects) == 0 {
		return nil
	}
	temporaries := make([]string, len(objects))
	defer func() {
		for _, name := range temporaries {
			if name != "" {
				s.fs.Remove(name) // best effort: gc removes what is left
			}
		}
	}()
	err := inParallel(s.parallel, len(objects), func(i int) error {
		present, err := s.present(objects[i])
		if err == nil && !present {
			temporaries[i], err = s.writeTemporary(objects[i].Frame, true)
		}
		return err
	})
	if err != nil {
		return err
	}

	touched := make(map[string]bool)
	newFolders := false
	for i, o := range objects {
		folder := folderOf(o.Digest)
		touched[folder] = true
		newFolders = newFolders || !s.folders[folder]
		if temporaries[i] == "" {
			continue
		}
		if err := s.rename(temporaries[i], o.Digest); err != nil {
			return err
		}
		temporaries[i] = ""
	}

	names := slices.Sorted(maps.Keys(touched))
	err = inParallel(s.parallel, len(names), func(i int) error {
		return s.fs.SyncDir(s.path("objects", names[i]))
	})
	if err == nil && newFolders {
		err = s.fs.SyncDir(s.path("objects"))
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		s.folders[name] = true
	}
	return nil
}

// rename gives a temporary the name of an object.
func (s *Store) rename(temporary string, o Digest) error {
	path := s.objectPath(o)
	err := s.fs.Rename(temporary, path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return s.fs.Rename(temporary, path)
}

// present reports whether the file of an object is in place and sound. A
// damaged one is moved to quarantine.
func (s *Store) present(o Object) (bool, error) {
	var frame []byte
	err := s.findFile(o.Digest, func(r io.ReaderAt, p Place) (err error) {
		frame, err = readRange(r, 0, p.Bytes)
		return err
	})
	var damaged *DamagedError
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err == nil && bytes.Equal(frame, o.Frame):
		return true, nil
	case err == nil:
		if _, err := decode(o.Digest, frame); err == nil {
			return true, nil // compressed by another release
		}
	case !errors.As(err, &damaged):
		return false, err
	}
	return false, s.quarantineFile(o.Digest)
}

// writeTemporary writes and syncs a new file in the folder tmp.
func (s *Store) writeTemporary(content []byte, readOnly bool) (name string, err error) {
	var f File
	for {
		name = s.path("tmp", fmt.Sprintf("%s-%d", s.id, s.temporaries.Add(1)))
		f, err = s.fs.Create(name, readOnly)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = s.fs.Share(name, s.dir)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		s.fs.Remove(name)
		return "", err
	}
	return name, nil
}

// inParallel calls f for 0 to n-1 from so many goroutines. After an error no
// more calls begin; it returns the first error.
func inParallel(workers, n int, f func(int) error) error {
	if workers = min(n, workers); workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(workers)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return f(i) })
	}
	return group.Wait()
}

// objectFile is a file in the folder objects.
type objectFile struct {
	digest Digest
	path   string
	size   int64 // on disk
}

// listFiles returns the files of objects in the order of their digests, and
// what else lies in the folders.
func (s *Store) listFiles() (files []objectFile, unknown []string, err error) {
	folders, err := s.fs.ReadDir(s.path("objects"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	for _, folder := range folders {
		if len(folder) != 2 || strings.Trim(folder, "0123456789abcdef") != "" {
			unknown = append(unknown, s.path("objects", folder))
			continue
		}
		names, err := s.fs.ReadDir(s.path("objects", folder))
		if errors.Is(err, syscall.ENOTDIR) {
			unknown = append(unknown, s.path("objects", folder))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			path := s.path("objects", folder, name)
			digest, ok := parseObjectName(name)
			if !ok || folderOf(digest) != folder {
				unknown = append(unknown, path)
				continue
			}
			size, err := s.fs.Size(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			files = append(files, objectFile{digest: digest, path: path, size: size})
		}
	}
	return files, unknown, nil
}
