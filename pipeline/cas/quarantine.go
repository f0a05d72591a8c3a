package cas

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"syscall"
)

// Quarantine takes a damaged object out of the way, after a second look at it,
// and keeps its bytes as evidence: a file moves to the folder quarantine, a
// small object stays in its segment and a frame says that it no longer counts.
// The caller holds the lock of the action that makes the object. An object
// that proves sound stays.
func (s *Store) Quarantine(ctx context.Context, o Digest) error {
	return s.write(ctx, "quarantine an object in", func() error {
		_, err := s.Get(ctx, o)
		var damaged *DamagedError
		switch {
		case err == nil || errors.Is(err, ErrNotFound):
			return nil
		case !errors.As(err, &damaged):
			return err
		}
		var ref objectRef
		var at place
		small := false
		err = s.withTables(func(t *tables) error {
			if ref, small = t.object(o); small {
				at = t.place(ref)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if small {
			return s.append([]newFrame{{kindQuarantine, quarantineBody(at, damaged.Reason), nil}})
		}
		return s.quarantineFile(o)
	})
}

// quarantineFile moves the file of an object that was found damaged. Nothing
// is synced: if the move is lost with the power, the damage is found again.
func (s *Store) quarantineFile(o Digest) error {
	target, err := s.quarantineName(o.String() + ".zst")
	if err != nil {
		return err
	}
	path := s.objectPath(o)
	err = s.fs.Rename(path, target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has done it
	}
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return s.quarantine(s.path("objects", folderOf(o)), folderOf(o))
	}
	if err != nil {
		return err
	}
	// Another process may have put a sound one in its place just before.
	if frame, err := readAll(s.fs, target, math.MaxInt64); err == nil {
		if _, err := decode(o, frame); err == nil {
			return s.fs.Rename(target, path)
		}
	}
	return nil
}

// quarantine moves whatever lies at a path to the folder quarantine.
func (s *Store) quarantine(path, name string) error {
	target, err := s.quarantineName(name)
	if err != nil {
		return err
	}
	err = s.fs.Rename(path, target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has done it
	}
	return err
}

// quarantineName returns a free name in the folder quarantine.
func (s *Store) quarantineName(name string) (string, error) {
	for n := 1; ; n++ {
		target := s.path("quarantine", fmt.Sprintf("%d-%s", n, name))
		_, err := s.fs.Size(target)
		if errors.Is(err, fs.ErrNotExist) {
			return target, nil
		}
		if err != nil {
			return "", err
		}
	}
}
