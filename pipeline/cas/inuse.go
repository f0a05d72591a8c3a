package cas

import (
	"errors"
	"io/fs"
)

// InUse reports whether a process writes to the store, or cleans it up, and
// which one. It changes nothing; the answer may be out of date when it comes.
func (d *Store) InUse() (owner string, busy bool, err error) {
	lock := d.path("lock")
	if _, err := d.fs.Size(lock); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil // nobody ever wrote
	}
	unlock, ok, err := d.fs.TryLock(lock, true)
	if errors.Is(err, fs.ErrPermission) {
		return "", false, nil // nor can anyone like us
	}
	if err != nil {
		return "", false, d.storeError("lock", err)
	}
	if !ok {
		return d.owner(lock), true, nil
	}
	return "", false, unlock()
}
