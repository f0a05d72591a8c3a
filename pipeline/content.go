package pipeline

import (
	"container/list"
	"context"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// contents keeps artifacts in memory, so that a data set is read and verified
// once for all stages that read it, and so that outputs can be read before
// they are durable. The least recently used go first.
type contents struct {
	store cas.Store
	limit int64 // bytes

	mu      sync.Mutex
	size    int64
	entries map[Digest]*content
	recent  list.List // of *content, most recently used first
}

// content is one artifact, in memory or on its way there.
type content struct {
	digest Digest
	loaded chan struct{} // closed once data or err is set
	data   []byte
	err    error
	pins   int // while above 0 it is not dropped and not counted
	at     *list.Element
}

func newContents(st cas.Store, limit int64) *contents {
	return &contents{store: st, limit: limit, entries: make(map[Digest]*content)}
}

// get returns the whole, verified content. Of several who ask at once, one
// reads it. The error is that of [cas.Store].Get and is not remembered.
func (c *contents) get(ctx context.Context, d Digest) ([]byte, error) {
	c.mu.Lock()
	if e, ok := c.entries[d]; ok {
		if e.at != nil {
			c.recent.MoveToFront(e.at)
		}
		c.mu.Unlock()
		select {
		case <-e.loaded:
			return e.data, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e := &content{digest: d, loaded: make(chan struct{})}
	c.entries[d] = e
	c.mu.Unlock()

	e.data, e.err = c.store.Get(ctx, d)

	c.mu.Lock()
	defer c.mu.Unlock()
	close(e.loaded)
	switch {
	case c.entries[d] != e: // pinned meanwhile
	case e.err != nil:
		delete(c.entries, d)
	default:
		c.keep(e)
	}
	return e.data, e.err
}

// pin makes data available before it is durable.
func (c *contents) pin(d Digest, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[d]
	if !ok || e.pins == 0 && e.at == nil {
		// Whoever reads it from the store at this moment gets what the
		// store has; those who come from now on get data.
		e = &content{digest: d, loaded: make(chan struct{}), data: data}
		close(e.loaded)
		c.entries[d] = e
	}
	if e.at != nil {
		c.size -= int64(len(e.data))
		c.recent.Remove(e.at)
		e.at = nil
	}
	e.pins++
}

// unpin ends a pin. If keep is false, nobody will read the content again.
func (c *contents) unpin(d Digest, keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[d]
	if e.pins--; e.pins > 0 {
		return
	}
	if !keep {
		delete(c.entries, d)
		return
	}
	c.keep(e)
}

// keep counts e and makes room.
func (c *contents) keep(e *content) {
	e.at = c.recent.PushFront(e)
	c.size += int64(len(e.data))
	for c.size > c.limit {
		last := c.recent.Remove(c.recent.Back()).(*content)
		last.at = nil
		c.size -= int64(len(last.data))
		delete(c.entries, last.digest)
	}
}
