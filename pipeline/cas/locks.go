package cas

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// stripe is the lock of all keys with one first byte. Within a process the
// keys that share it do not wait for one another, and each key is held once.
type stripe struct {
	held   int // keys
	unlock func() error
}

// TryLock takes the lock under which the action with this key may be run. It
// does not wait: where another process, or another caller in this one, holds
// it, ok is false and owner says who. The lock is freed by unlock or by the
// death of the process. Keys may share a lock file, of which there are 256;
// within one process that is no obstacle.
//
// Once it is ok, Lookup sees all rows that other processes committed under this
// lock: what the lock file has kept from being committed need not be looked for,
// so the store is refreshed only if this call has locked the file.
func (s *Store) TryLock(key [32]byte) (unlock func(), ok bool, owner string, err error) {
	owner, err = s.beginWriting(context.Background(), false)
	if err != nil || owner != "" {
		return nil, false, owner, s.storeError("lock", err)
	}
	s.stripesMu.Lock()
	defer s.stripesMu.Unlock()
	if s.closed.Load() {
		return nil, false, "", ErrClosed
	}
	if s.held[key] {
		return nil, false, "another run of this process", nil
	}
	l := s.stripes[key[0]]
	if l == nil {
		name := s.path("locks", fmt.Sprintf("%02x", key[0]))
		unlockFile, ok, err := s.fs.TryLock(name, true)
		if err != nil {
			return nil, false, "", s.storeError("lock", err)
		}
		if !ok {
			return nil, false, s.owner(name), nil
		}
		if err := s.describe(name, ""); err != nil {
			unlockFile()
			return nil, false, "", s.storeError("lock", err)
		}
		if err := s.update(); err != nil {
			unlockFile()
			return nil, false, "", s.storeError("read", err)
		}
		l = &stripe{unlock: unlockFile}
		s.stripes[key[0]] = l
	}
	s.held[key] = true
	l.held++
	released := false
	return func() {
		s.stripesMu.Lock()
		defer s.stripesMu.Unlock()
		if !released {
			released = true
			s.release(key, l)
		}
	}, true, "", nil
}

// release frees a key of a stripe; stripesMu is held. The store may be closed
// already.
func (s *Store) release(key [32]byte, l *stripe) {
	delete(s.held, key)
	l.held--
	if l.held == 0 && s.stripes[key[0]] == l {
		s.stripes[key[0]] = nil
		l.unlock()
	}
}

func (s *Store) freeStripes() {
	s.stripesMu.Lock()
	defer s.stripesMu.Unlock()
	for i, l := range s.stripes {
		if l != nil {
			s.stripes[i] = nil
			l.unlock()
		}
	}
}

// InUse reports whether a process writes to the store, or cleans it up, and
// which one. It changes nothing; the answer may be out of date when it comes.
func (s *Store) InUse() (owner string, busy bool, err error) {
	lock := s.path("lock")
	if _, err := s.fs.Size(lock); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil // nobody ever wrote
	}
	unlock, ok, err := s.fs.TryLock(lock, true)
	if errors.Is(err, fs.ErrPermission) {
		return "", false, nil // nor can anyone like us
	}
	if err != nil {
		return "", false, s.storeError("lock", err)
	}
	if !ok {
		return s.owner(lock), true, nil
	}
	return "", false, unlock()
}

// ownerText names the holder of a lock, for processes that find it taken.
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

// describe writes the name of the holder into the file of a lock. A full disk is not an error
// here: gc must still be able to take the lock.
func (s *Store) describe(name, doing string) error {
	err := s.fs.Share(name, s.dir)
	if err == nil {
		err = s.fs.Describe(name, ownerText(doing))
	}
	if isFull(err) {
		return nil
	}
	return err
}

// owner returns what the holder of a lock wrote into its file.
func (s *Store) owner(name string) string {
	if text, err := readAll(s.fs, name, smallFile); err == nil && len(text) > 0 && len(text) < 1000 {
		return strings.TrimSpace(string(text))
	}
	return "another process" // the owner is not recorded yet
}

// beginWriting makes the store ready for the first write of this process,
// rewrites closed segments if there are many, and takes the shared lock that
// keeps gc out. Where gc holds the store and wait is false, it returns who
// that is.
func (s *Store) beginWriting(ctx context.Context, wait bool) (owner string, err error) {
	if s.closed.Load() {
		return "", ErrClosed
	}
	if err := ctx.Err(); err != nil || s.writing.Load() {
		return "", err
	}
	select {
	case s.startMu <- struct{}{}:
		defer func() { <-s.startMu }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if s.writing.Load() {
		return "", nil
	}
	if err := s.prepare(); err != nil {
		return "", err
	}
	s.rewriteIfMany()
	lock := s.path("lock")
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		if s.closed.Load() {
			return "", ErrClosed
		}
		unlock, ok, err := s.fs.TryLock(lock, false)
		if err != nil {
			return "", err
		}
		if ok {
			if err := s.describe(lock, ""); err != nil {
				unlock()
				return "", err
			}
			s.unlockFile = unlock
			s.writing.Store(true)
			return "", nil
		}
		if !wait {
			return s.owner(lock), nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %s: %w", s.owner(lock), ctx.Err())
		}
	}
}

// endWriting gives the shared lock back; the token of startMu is held.
func (s *Store) endWriting() {
	if s.writing.Swap(false) {
		s.unlockFile()
		s.unlockFile = nil
	}
}

// alone calls f while no other process writes. Commits of this process wait
// meanwhile.
func (s *Store) alone(doing string, f func() error) error {
	s.writeMu <- struct{}{}
	defer func() { <-s.writeMu }()
	if s.closed.Load() {
		return ErrClosed
	}
	s.startMu <- struct{}{}
	defer func() { <-s.startMu }()
	if err := s.prepare(); err != nil {
		return err
	}
	if err := s.closeSegment(); err != nil {
		return err
	}
	s.endWriting()
	return s.exclusively(doing, f)
}

// exclusively calls f under the exclusive lock of the store, or returns a
// *BusyError.
func (s *Store) exclusively(doing string, f func() error) error {
	lock := s.path("lock")
	unlock, ok, err := s.fs.TryLock(lock, true)
	if err != nil {
		return err
	}
	if !ok {
		return &BusyError{Dir: s.dir, Owner: s.owner(lock)}
	}
	defer unlock()
	if err := s.describe(lock, doing); err != nil {
		return err
	}
	return f()
}
