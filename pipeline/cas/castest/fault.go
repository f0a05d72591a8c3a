// Package castest offers a file system in memory that fails on demand and loses
// what was not synced, for tests of a [cas.Store].
package castest

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// FS is a file system in memory that can fail at every operation which
// changes something, and that knows what a loss of power would leave of it:
// names count as durable from the SyncDir of their folder on, content from
// the Sync of its file on. It is as forgetful as Linux is after a failed sync
// of a file: what was unsynced then never becomes durable, though later syncs
// succeed. (A failed sync of a folder may be repeated: a file system whose
// journal fails writes nothing any more.)
//
// Several stores may use one FS, as processes share a disk.
type FS struct {
	mu    sync.Mutex
	root  *node
	locks map[string]*fileLock
	ops   int
	fault Fault
	dead  bool
	reads error // what reading returns
}

// Fault says which operation goes wrong, and how.
type Fault struct {
	At   int    // number of the operation, from 1; 0 for none
	Op   string // "sync", "write", …: count operations of this kind only
	Err  error  // what the operation returns; half of a write may be done
	Last bool   // the process dies there: every later operation fails too
	Full bool   // from there on nothing can be created or written until the next Inject
}

// ErrDead is what operations return after the process died.
var ErrDead = fmt.Errorf("process is dead: %w", syscall.EPIPE)

// node is a file or a folder, as the process sees it and as the disk has it.
type node struct {
	folder        bool
	names, onDisk map[string]*node
	data, synced  []byte
	frozen        bool // a sync of the content failed
}

type fileLock struct {
	exclusive bool
	holders   int
}

func newFolder() *node {
	return &node{folder: true, names: make(map[string]*node), onDisk: make(map[string]*node)}
}

// NewFS returns an empty file system.
func NewFS() *FS {
	return &FS{root: newFolder(), locks: make(map[string]*fileLock)}
}

// Inject arranges for a fault, counting operations from now.
func (c *FS) Inject(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault, c.ops = f, 0
}

// Ops returns how many operations there were since the last Inject.
func (c *FS) Ops() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ops
}

// FailReads lets all reading fail with err, until it is called with nil.
func (c *FS) FailReads(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads = err
}

// Loss says what becomes of what was not synced when the power is lost.
type Loss int

// With LoseNothing only the process dies, and the system lives on.
const (
	LoseAll Loss = iota
	LoseNothing
	LoseSome // each name and each sector by chance
)

// Crash returns what the next process finds. No lock is held any more.
func (c *FS) Crash(loss Loss, random *rand.Rand) *FS {
	c.mu.Lock()
	defer c.mu.Unlock()
	after := NewFS()
	after.root = c.root.crash(loss, random, make(map[*node]*node))
	return after
}

func (n *node) crash(loss Loss, random *rand.Rand, done map[*node]*node) *node {
	if known := done[n]; known != nil {
		return known
	}
	if !n.folder {
		data := n.synced
		switch {
		case loss == LoseNothing:
			data = n.data
		case loss == LoseSome:
			data = slices.Clone(n.data[:len(n.synced)+random.IntN(len(n.data)-len(n.synced)+1)])
			for at := len(n.synced); at < len(data); at += 512 {
				if random.IntN(3) == 0 {
					clear(data[at:min(at+512, len(data))])
				}
			}
		}
		file := &node{data: slices.Clone(data), synced: slices.Clone(data)}
		done[n] = file
		return file
	}
	folder := newFolder()
	done[n] = folder
	var names []string
	for name := range n.names {
		names = append(names, name)
	}
	for name := range n.onDisk {
		if n.names[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		entry := n.onDisk[name]
		if loss == LoseNothing || loss == LoseSome && random.IntN(2) == 0 {
			entry = n.names[name]
		}
		if entry != nil {
			survivor := entry.crash(loss, random, done)
			folder.names[name], folder.onDisk[name] = survivor, survivor
		}
	}
	return folder
}

// step counts an operation and returns its fault.
func (c *FS) step(op, name string, takesRoom bool) error {
	if c.fault.Op == "" || c.fault.Op == op {
		c.ops++
	}
	switch {
	case c.dead:
		return &fs.PathError{Op: op, Path: name, Err: ErrDead}
	case c.fault.At == 0 || c.ops < c.fault.At || c.fault.Op != "" && c.fault.Op != op:
		return nil
	case c.fault.Full:
		if takesRoom {
			return &fs.PathError{Op: op, Path: name, Err: syscall.ENOSPC}
		}
		return nil
	case c.ops > c.fault.At:
		return nil
	}
	c.dead = c.fault.Last
	return &fs.PathError{Op: op, Path: name, Err: c.fault.Err}
}

// find returns the node of a name, and the folder that holds it.
func (c *FS) find(op, name string) (folder *node, base string, n *node, err error) {
	name = filepath.Clean(name)
	if name == "." || name == "/" {
		return c.root, ".", c.root, nil
	}
	parent, base := filepath.Split(name)
	if parent == "" {
		folder = c.root
	} else if _, _, folder, err = c.find(op, parent); err != nil {
		return nil, "", nil, err
	}
	if folder == nil || !folder.folder {
		return nil, "", nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return folder, base, folder.names[base], nil
}

func (c *FS) existing(op, name string) (*node, error) {
	if c.dead {
		return nil, &fs.PathError{Op: op, Path: name, Err: ErrDead}
	}
	if c.reads != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: c.reads}
	}
	_, _, n, err := c.find(op, name)
	if err == nil && n == nil {
		err = &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, err
}

// Corrupt lets change edit the content of a file, on the disk too.
func (c *FS) Corrupt(name string, change func([]byte) []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.existing("corrupt", name)
	if err == nil {
		n.data = change(slices.Clone(n.data))
		n.synced = slices.Clone(n.data)
	}
	return err
}

// Content returns n bytes that depend on seed alone and compress by about
// one half.
func Content(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	content := make([]byte, n+15)
	for i := 0; i < n; i += 16 {
		for j, bits := 0, random.Uint64(); j < 16; j, bits = j+1, bits>>4 {
			content[i+j] = byte(bits & 15)
		}
	}
	return content[:n]
}
