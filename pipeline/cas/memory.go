package cas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Memory is a [Store] in memory, for tests. Each value is what one process
// would see of a store: [Memory.Open] gives another process's view of the
// same content, with rows that need [Memory.Refresh] to be seen and with
// locks that exclude the other's.
type Memory struct {
	shared *memoryContent
	name   string

	mu     sync.Mutex
	closed bool
	seen   int // rows of other views with a lower number are visible

	held map[byte]int // holds of each stripe; guarded by shared.mu
}

type memoryContent struct {
	mu       sync.Mutex
	frames   map[Digest][]byte
	aside    map[Digest][]byte
	rows     int
	byName   map[memoryName][]memoryRow
	owners   map[byte]*Memory
	views    int
	failNext error
}

type memoryName struct {
	table Table
	key   [32]byte
}

type memoryRow struct {
	value  []byte
	number int // of all rows, in the order of commits
	from   *Memory
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	shared := &memoryContent{
		frames: make(map[Digest][]byte),
		aside:  make(map[Digest][]byte),
		owners: make(map[byte]*Memory),
		byName: make(map[memoryName][]memoryRow),
	}
	return shared.view()
}

// Open returns the view of another process on the same content.
func (m *Memory) Open() *Memory { return m.shared.view() }

func (c *memoryContent) view() *Memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views++
	return &Memory{
		shared: c,
		name:   fmt.Sprintf("view %d of a store in memory", c.views),
		seen:   c.rows,
		held:   make(map[byte]int),
	}
}

// FailNextCommit makes the next Commit of any view fail with err and change
// nothing, as a full disk would.
func (m *Memory) FailNextCommit(err error) {
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	m.shared.failNext = err
}

// Damage flips a bit of an object, so that Get finds it damaged. It reports
// whether the object was there.
func (m *Memory) Damage(d Digest) bool {
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	frame, ok := m.shared.frames[d]
	if ok {
		frame = slices.Clone(frame)
		frame[len(frame)-1] ^= 1
		m.shared.frames[d] = frame
	}
	return ok
}

// Remove takes an object away, as if somebody had deleted its file. It
// reports whether the object was there.
func (m *Memory) Remove(d Digest) bool {
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	_, ok := m.shared.frames[d]
	delete(m.shared.frames, d)
	return ok
}

// Aside returns how many damaged objects were set aside.
func (m *Memory) Aside() int {
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	return len(m.shared.aside)
}

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, d Digest) ([]byte, error) {
	frame, err := m.frame(ctx, d)
	if err != nil {
		return nil, err
	}
	return Decode(d, frame)
}

// Stat implements [Store].
func (m *Memory) Stat(ctx context.Context, d Digest) (int64, error) {
	frame, err := m.frame(ctx, d)
	if err != nil {
		return 0, err
	}
	size, err := statFrame(frame, int64(len(frame)))
	if err != nil {
		return 0, &DamagedError{Digest: d, Reason: err.Error()}
	}
	return size, nil
}

func (m *Memory) frame(ctx context.Context, d Digest) ([]byte, error) {
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	frame, ok := m.shared.frames[d]
	if !ok {
		return nil, fmt.Errorf("object %s: %w", d.Short(), ErrNotFound)
	}
	return frame, nil
}

// Commit implements [Store].
func (m *Memory) Commit(ctx context.Context, b Batch) error {
	if err := m.usable(ctx); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	c := m.shared
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.failNext; err != nil {
		c.failNext = nil
		return err
	}
	for _, o := range b.Objects {
		if old, ok := c.frames[o.Digest]; ok {
			if _, err := Decode(o.Digest, old); err == nil {
				continue
			}
			c.aside[o.Digest] = old
		}
		c.frames[o.Digest] = slices.Clone(o.Frame)
	}
	for _, r := range b.Rows {
		name := memoryName{r.Table, r.Key}
		c.byName[name] = append(c.byName[name], memoryRow{value: slices.Clone(r.Value), number: c.rows, from: m})
		c.rows++
	}
	return nil
}

// Lookup implements [Store].
func (m *Memory) Lookup(t Table, key [32]byte) ([][]byte, error) {
	if err := m.usable(context.Background()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	seen := m.seen
	m.mu.Unlock()
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	var values [][]byte
	for _, r := range m.shared.byName[memoryName{t, key}] {
		if r.number < seen || r.from == m {
			values = append(values, r.value)
		}
	}
	return values, nil
}

// Refresh implements [Store].
func (m *Memory) Refresh() error {
	if err := m.usable(context.Background()); err != nil {
		return err
	}
	m.shared.mu.Lock()
	n := m.shared.rows
	m.shared.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = max(m.seen, n)
	return nil
}

// TryLock implements [Store]. Keys with the same first byte share a lock.
func (m *Memory) TryLock(key [32]byte) (unlock func(), ok bool, owner string, err error) {
	if err := m.usable(context.Background()); err != nil {
		return nil, false, "", err
	}
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	stripe := key[0]
	if other := m.shared.owners[stripe]; other != nil && other != m {
		return nil, false, other.name, nil
	}
	m.shared.owners[stripe] = m
	m.held[stripe]++
	return sync.OnceFunc(func() {
		m.shared.mu.Lock()
		defer m.shared.mu.Unlock()
		if m.shared.owners[stripe] != m {
			return // closed meanwhile
		}
		if m.held[stripe]--; m.held[stripe] == 0 {
			delete(m.shared.owners, stripe)
		}
	}), true, "", nil
}

// SetAside implements [Store].
func (m *Memory) SetAside(ctx context.Context, d Digest) error {
	frame, err := m.frame(ctx, d)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := Decode(d, frame); err == nil {
		return nil
	}
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	m.shared.aside[d] = frame
	delete(m.shared.frames, d)
	return nil
}

// Close implements [Store]. The content stays for the other views.
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.shared.mu.Lock()
	defer m.shared.mu.Unlock()
	for stripe := range m.held {
		if m.shared.owners[stripe] == m {
			delete(m.shared.owners, stripe)
		}
	}
	return nil
}

func (m *Memory) usable(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return ctx.Err()
}
