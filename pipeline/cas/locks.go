package cas

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// stripe is the lock of all keys with one first byte. Within a process the
// keys that share it do not wait for one another, and each key is held once.
type stripe struct {
	held   map[[32]byte]bool
	unlock func() error
}

// TryLock takes the lock under which the action with this key may be run. It
// does not wait: where another process, or another caller in this one, holds
// it, ok is false and owner says who. The lock is freed by unlock or by the
// death of the process. Keys may share a lock file, of which there are 256;
// within one process that is no obstacle.
func (d *Store) TryLock(key [32]byte) (unlock func(), ok bool, owner string, err error) {
	owner, err = d.beginWriting(context.Background(), false)
	if err != nil || owner != "" {
		return nil, false, owner, d.storeError("lock", err)
	}
	d.stripesMu.Lock()
	defer d.stripesMu.Unlock()
	if d.closed.Load() {
		return nil, false, "", ErrClosed
	}
	s := d.stripes[key[0]]
	if s == nil {
		name := d.path("locks", fmt.Sprintf("%02x", key[0]))
		unlockFile, ok, err := d.fs.TryLock(name, true)
		if err != nil {
			return nil, false, "", d.storeError("lock", err)
		}
		if !ok {
			return nil, false, d.owner(name), nil
		}
		if err := d.describe(name, ""); err != nil {
			unlockFile()
			return nil, false, "", d.storeError("lock", err)
		}
		s = &stripe{held: make(map[[32]byte]bool), unlock: unlockFile}
		d.stripes[key[0]] = s
	}
	if s.held[key] {
		return nil, false, "another run of this process", nil
	}
	s.held[key] = true
	return sync.OnceFunc(func() { d.release(key, s) }), true, "", nil
}

// release frees a key of a stripe. The store may be closed already.
func (d *Store) release(key [32]byte, s *stripe) {
	d.stripesMu.Lock()
	defer d.stripesMu.Unlock()
	delete(s.held, key)
	if len(s.held) == 0 && d.stripes[key[0]] == s {
		delete(d.stripes, key[0])
		s.unlock()
	}
}

func (d *Store) freeStripes() {
	d.stripesMu.Lock()
	defer d.stripesMu.Unlock()
	for i, s := range d.stripes {
		delete(d.stripes, i)
		s.unlock()
	}
}

// ownerText says, to whoever finds a lock taken, by whom.
func ownerText(doing string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	text := fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, time.Now().Format(time.DateTime))
	if doing != "" {
		text += " (" + doing + ")"
	}
	return text + "\n"
}

// describe writes who has a lock into its file. That there is no room for it
// is no reason to give up: gc is what makes room.
func (d *Store) describe(name, doing string) error {
	err := d.fs.Describe(name, ownerText(doing))
	if isFull(err) {
		return nil
	}
	return err
}

// owner returns what the holder of a lock wrote into its file.
func (d *Store) owner(name string) string {
	if text, err := readAll(d.fs, name, smallFile); err == nil && len(text) > 0 && len(text) < 1000 {
		return strings.TrimSpace(string(text))
	}
	return "another process" // it has not got round to saying
}

// beginWriting makes the store ready for the first write of this process,
// merges segments if there are many, and takes the shared lock that keeps gc
// out. Where gc has the store and wait is false, it returns who that is.
func (d *Store) beginWriting(ctx context.Context, wait bool) (owner string, err error) {
	if d.closed.Load() {
		return "", ErrClosed
	}
	if err := ctx.Err(); err != nil || d.writing.Load() {
		return "", err
	}
	select {
	case d.startMu <- struct{}{}:
		defer func() { <-d.startMu }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if d.writing.Load() {
		return "", nil
	}
	if err := d.prepare(); err != nil {
		return "", err
	}
	d.mergeIfMany()
	lock := d.path("lock")
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		if d.closed.Load() {
			return "", ErrClosed
		}
		unlock, ok, err := d.fs.TryLock(lock, false)
		if err != nil {
			return "", err
		}
		if ok {
			if err := d.describe(lock, ""); err != nil {
				unlock()
				return "", err
			}
			d.unlockFile = unlock
			d.writing.Store(true)
			return "", nil
		}
		if !wait {
			return d.owner(lock), nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %s: %w", d.owner(lock), ctx.Err())
		}
	}
}

// endWriting gives the shared lock back; the token of startMu is held.
func (d *Store) endWriting() {
	if d.writing.Swap(false) {
		d.unlockFile()
		d.unlockFile = nil
	}
}

// alone calls f while this process has the store for itself. Commits of this
// process wait meanwhile.
func (d *Store) alone(doing string, f func() error) error {
	d.groupMu.Lock()
	defer d.groupMu.Unlock()
	if d.closed.Load() {
		return ErrClosed
	}
	d.startMu <- struct{}{}
	defer func() { <-d.startMu }()
	if err := d.prepare(); err != nil {
		return err
	}
	if err := d.closeSegment(); err != nil {
		return err
	}
	d.endWriting()
	return d.exclusively(doing, f)
}

// exclusively calls f under the exclusive lock of the store, or returns a
// *BusyError.
func (d *Store) exclusively(doing string, f func() error) error {
	lock := d.path("lock")
	unlock, ok, err := d.fs.TryLock(lock, true)
	if err != nil {
		return err
	}
	if !ok {
		return &BusyError{Dir: d.dir, Owner: d.owner(lock)}
	}
	defer unlock()
	if err := d.describe(lock, doing); err != nil {
		return err
	}
	return f()
}
