package cas

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"syscall"
)

// SetAside takes a damaged object out of the way, after a second look at it,
// and keeps its bytes as evidence in the folder damaged. The caller holds the
// lock of the action that makes it. An object that proves sound stays.
func (d *Store) SetAside(ctx context.Context, o Digest) error {
	if _, err := d.beginWriting(ctx, true); err != nil {
		return d.storeError("set aside an object in", err)
	}
	d.groupMu.Lock()
	defer d.groupMu.Unlock()
	_, err := d.Get(ctx, o)
	var damaged *DamagedError
	switch {
	case err == nil || errors.Is(err, ErrNotFound):
		return nil
	case !errors.As(err, &damaged):
		return err
	}
	return d.storeError("set aside an object in", d.moveAside(o))
}

// moveAside moves an object that was found damaged. Nothing is synced: where
// the move is lost with the power, the damage is found again.
func (d *Store) moveAside(o Digest) error {
	target, err := d.asideName(o.String() + ".zst")
	if err != nil {
		return err
	}
	path := d.ObjectPath(o)
	err = d.fs.Rename(path, target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has done it
	}
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return d.moveFolderAside(o)
	}
	if err != nil {
		return err
	}
	// Another process may have put a sound one in its place just before.
	if frame, err := readAll(d.fs, target, math.MaxInt64); err == nil {
		if _, err := Decode(o, frame); err == nil {
			return d.fs.Rename(target, path)
		}
	}
	return nil
}

// moveFolderAside moves what lies where the folder of an object belongs.
func (d *Store) moveFolderAside(o Digest) error {
	target, err := d.asideName(folderOf(o))
	if err != nil {
		return err
	}
	err = d.fs.Rename(d.path("objects", folderOf(o)), target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has done it
	}
	return err
}

// asideName returns a free name in the folder damaged.
func (d *Store) asideName(name string) (string, error) {
	for n := 1; ; n++ {
		target := d.path("damaged", fmt.Sprintf("%d-%s", n, name))
		_, err := d.fs.Size(target)
		if errors.Is(err, fs.ErrNotExist) {
			return target, nil
		}
		if err != nil {
			return "", err
		}
	}
}
