package cas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

// request is a call of Commit that waits for its group.
type request struct {
	batch Batch
	done  chan error
}

// Commit makes a batch durable. When it returns nil, every object and row
// survives the loss of power, and the rows are visible to Lookup. Objects
// become durable before the rows. After an error none of the rows counts as
// written; some objects may be present, and a later process may still find
// the rows, with their objects, as it may those of a process that died just
// before Commit returned.
//
// Calls that arrive while a group is being written form the next one and
// share its syncs. A canceled context keeps a batch from being written only
// as long as its group has not begun. Errors: *[StoreError], of which
// errors.Is tells [ErrFull] and [ErrReadOnly].
func (d *Store) Commit(ctx context.Context, b Batch) error {
	if err := b.check(); err != nil {
		return err
	}
	if _, err := d.beginWriting(ctx, true); err != nil {
		return d.commitError(err)
	}
	r := &request{batch: b, done: make(chan error, 1)}
	d.queueMu.Lock()
	d.queue = append(d.queue, r)
	lead := !d.leading
	d.leading = true
	d.queueMu.Unlock()
	if lead {
		d.commitQueue()
	}
	select {
	case err := <-r.done:
		return d.commitError(err)
	case <-ctx.Done():
	}
	if d.withdraw(r) {
		return ctx.Err()
	}
	return d.commitError(<-r.done)
}

func (d *Store) commitError(err error) error { return d.storeError("commit to", err) }

// withdraw takes a request out of the queue, if it is still there.
func (d *Store) withdraw(r *request) bool {
	d.queueMu.Lock()
	defer d.queueMu.Unlock()
	i := slices.Index(d.queue, r)
	if i < 0 {
		return false
	}
	d.queue = slices.Delete(d.queue, i, i+1)
	return true
}

// commitQueue writes the queue as one group, and passes the lead on if
// others have come meanwhile.
func (d *Store) commitQueue() {
	d.queueMu.Lock()
	group := d.queue
	d.queue = nil
	d.queueMu.Unlock()

	if len(group) > 0 {
		err := d.commitGroup(group)
		for _, r := range group {
			r.done <- err
		}
	}

	d.queueMu.Lock()
	defer d.queueMu.Unlock()
	if len(d.queue) > 0 {
		go d.commitQueue()
	} else {
		d.leading = false
	}
}

// commitGroup makes the batches of a group durable: objects first, then
// rows.
func (d *Store) commitGroup(group []*request) error {
	d.groupMu.Lock()
	defer d.groupMu.Unlock()
	// A gc of this process may have given the lock back since.
	if _, err := d.beginWriting(context.Background(), true); err != nil {
		return err
	}
	var objects []Object
	var rows []Row
	seen := make(map[Digest]bool)
	for _, r := range group {
		for _, o := range r.batch.Objects {
			if !seen[o.Digest] {
				seen[o.Digest] = true
				objects = append(objects, o)
			}
		}
		rows = append(rows, r.batch.Rows...)
	}
	if err := d.writeObjects(objects); err != nil {
		return err
	}
	return d.writeRows(rows)
}

// writeObjects makes objects durable. Those that are there, and are sound,
// are not written again. But another process may have renamed them into
// place and not have come to its sync of the folder yet, or ever, so the
// folder is synced for them too. That their content is durable follows from
// the order of every writer.
func (d *Store) writeObjects(objects []Object) error {
	if len(objects) == 0 {
		return nil
	}
	temporaries := make([]string, len(objects))
	defer func() {
		for _, name := range temporaries {
			if name != "" {
				d.fs.Remove(name) // best effort: gc removes what is left
			}
		}
	}()
	err := inParallel(d.parallel, len(objects), func(i int) error {
		present, err := d.present(objects[i])
		if err == nil && !present {
			temporaries[i], err = d.writeTemporary(objects[i].Frame, true)
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
		newFolders = newFolders || !d.folders[folder]
		if temporaries[i] == "" {
			continue
		}
		if err := d.place(temporaries[i], o.Digest); err != nil {
			return err
		}
		temporaries[i] = ""
	}

	names := slices.Sorted(maps.Keys(touched))
	err = inParallel(d.parallel, len(names), func(i int) error {
		return d.fs.SyncDir(d.path("objects", names[i]))
	})
	if err == nil && newFolders {
		err = d.fs.SyncDir(d.path("objects"))
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		d.folders[name] = true
	}
	return nil
}

// place renames a temporary to an object's name.
func (d *Store) place(temporary string, o Digest) error {
	path := d.ObjectPath(o)
	err := d.fs.Rename(temporary, path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.fs.Mkdir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.fs.Rename(temporary, path)
}

// present reports whether an object is in place and sound. A damaged one is
// moved away.
func (d *Store) present(o Object) (bool, error) {
	frame, err := d.readFrame(context.Background(), o.Digest)
	var damaged *DamagedError
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err == nil && bytes.Equal(frame, o.Frame):
		return true, nil
	case err == nil:
		if _, err := Decode(o.Digest, frame); err == nil {
			return true, nil // compressed by another release
		}
	case !errors.As(err, &damaged):
		return false, err
	}
	return false, d.moveAside(o.Digest)
}

// writeTemporary writes and syncs a new file in the folder tmp.
func (d *Store) writeTemporary(content []byte, readOnly bool) (name string, err error) {
	f, name, err := d.createTemporary(readOnly)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		d.fs.Remove(name)
		return "", err
	}
	return name, nil
}

func (d *Store) createTemporary(readOnly bool) (File, string, error) {
	for {
		name := d.path("tmp", fmt.Sprintf("%s-%d", d.id, d.temporaries.Add(1)))
		f, err := d.fs.Create(name, readOnly)
		if !errors.Is(err, fs.ErrExist) {
			return f, name, err
		}
	}
}

// inParallel calls f for 0 to n-1 from so many goroutines. After an error no
// more calls begin; it returns the first error.
func inParallel(workers, n int, f func(int) error) error {
	workers = min(n, workers)
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next, stop atomic.Int64
	var wait sync.WaitGroup
	var once sync.Once
	var first error
	for range workers {
		wait.Go(func() {
			for stop.Load() == 0 {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					stop.Store(1)
				}
			}
		})
	}
	wait.Wait()
	return first
}
