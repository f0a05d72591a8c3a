package castest

import (
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Open implements [cas.FS].
func (c *FS) Open(name string) (cas.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("open", name)
	if err != nil {
		return nil, err
	}
	return &crashFile{c, name, n, false}, nil
}

// Create implements [cas.FS].
func (c *FS) Create(name string, readOnly bool) (cas.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.add("create", name, &node{})
	if err != nil {
		return nil, err
	}
	return &crashFile{c, name, n, true}, nil
}

// Mkdir implements [cas.FS].
func (c *FS) Mkdir(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.add("mkdir", name, newFolder())
	return err
}

func (c *FS) add(op, name string, n *node) (*node, error) {
	folder, base, old, err := c.find(op, name)
	if err != nil {
		return nil, err
	}
	if old != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrExist}
	}
	if err := c.step(op, name, true); err != nil {
		return nil, err
	}
	folder.names[base] = n
	return n, nil
}

// Rename implements [cas.FS].
func (c *FS) Rename(oldName, newName string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, fromBase, n, err := c.find("rename", oldName)
	if err != nil {
		return err
	}
	to, toBase, _, err := c.find("rename", newName)
	if err != nil {
		return err
	}
	if n == nil {
		return &fs.PathError{Op: "rename", Path: oldName, Err: fs.ErrNotExist}
	}
	if err := c.step("rename", newName, false); err != nil {
		return err
	}
	delete(from.names, fromBase)
	to.names[toBase] = n
	return nil
}

// Remove implements [cas.FS].
func (c *FS) Remove(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	folder, base, n, err := c.find("remove", name)
	if err != nil {
		return err
	}
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if err := c.step("remove", name, false); err != nil {
		return err
	}
	delete(folder.names, base)
	return nil
}

// Share implements [cas.FS]: there are no users here.
func (c *FS) Share(name, root string) error { return nil }

// ReadDir implements [cas.FS].
func (c *FS) ReadDir(name string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("readdir", name)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range n.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Size implements [cas.FS].
func (c *FS) Size(name string) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("stat", name)
	if err != nil {
		return 0, err
	}
	return int64(len(n.data)), nil
}

// SyncDir implements [cas.FS].
func (c *FS) SyncDir(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("sync", name)
	if err != nil {
		return err
	}
	if err := c.step("sync folder", name, false); err != nil {
		return err
	}
	for base, entry := range n.names {
		n.onDisk[base] = entry
	}
	for base := range n.onDisk {
		if n.names[base] == nil {
			delete(n.onDisk, base)
		}
	}
	return nil
}

// TryLock implements [cas.FS].
func (c *FS) TryLock(name string, exclusive bool) (unlock func() error, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _, n, err := c.find("lock", name)
	if err != nil {
		return nil, false, err
	}
	if n == nil {
		if _, err := c.add("lock", name, &node{}); err != nil {
			return nil, false, err
		}
	}
	l := c.locks[name]
	if l == nil {
		l = &fileLock{}
		c.locks[name] = l
	}
	if l.holders > 0 && (exclusive || l.exclusive) {
		return nil, false, nil
	}
	l.holders++
	l.exclusive = exclusive
	return sync.OnceValue(func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		l.holders--
		return nil
	}), true, nil
}

// Lockless returns a view of the file system on which every attempt to lock
// succeeds, as on a mount without locks.
func (c *FS) Lockless() cas.FS { return lockless{c} }

type lockless struct{ *FS }

func (lockless) TryLock(string, bool) (unlock func() error, ok bool, err error) {
	return func() error { return nil }, true, nil
}

func (lockless) Describe(name, text string) error { return nil }

// Describe implements [cas.FS].
func (c *FS) Describe(name, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("write", name)
	if err != nil {
		return err
	}
	if err := c.step("write", name, true); err != nil {
		return err
	}
	n.data = []byte(text)
	n.synced = nil
	return nil
}

type crashFile struct {
	fs       *FS
	name     string
	node     *node
	writable bool
}

func (f *crashFile) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *crashFile) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if !f.writable {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrPermission}
	}
	n := len(p)
	err := f.fs.step("write", f.name, true)
	if err != nil {
		n /= 2
	}
	f.node.data = append(f.node.data, p[:n]...)
	return n, err
}

func (f *crashFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step("sync", f.name, false); err != nil {
		f.node.frozen = true
		return err
	}
	if !f.node.frozen {
		f.node.synced = slices.Clone(f.node.data)
	}
	return nil
}

func (f *crashFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), nil
}

func (f *crashFile) Close() error { return nil }
