package pipeline

import (
	"container/list"
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// contents keeps artifacts in memory, so that a data set is read and verified
// once for all stages that read it, and so that outputs can be read before
// they are durable. An artifact without further readers is dropped at once; if
// the rest exceeds the limit, the least recently used are dropped first.
type contents struct {
	read  func(context.Context, Digest) ([]byte, error) // that of the store
	limit int64                                         // bytes

	mu       sync.Mutex
	size     int64
	entries  map[Digest]*content
	recent   list.List      // of *content, most recently used first
	expected map[Digest]int // readers to come; it only decides what is kept
}

// contentFixed is about what an artifact takes in memory besides its bytes.
const contentFixed = 400

// content is one artifact, in memory or on its way there.
type content struct {
	digest Digest
	loaded chan struct{} // closed once data or err is set; nil if data was there from the start
	data   []byte
	err    error
	pins   int // while above 0 it is not dropped and not counted
	at     *list.Element
}

func newContents(st *cas.Store, limit int64) *contents {
	return &contents{read: st.Get, limit: limit, entries: make(map[Digest]*content), expected: make(map[Digest]int)}
}

// reset forgets what is not pinned, and all readers to come.
func (c *contents) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.expected)
	for c.recent.Len() > 0 {
		c.drop(c.recent.Back().Value.(*content))
	}
}

// expect announces readers of an artifact.
func (c *contents) expect(d Digest, readers int) {
	if readers == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected[d] += readers
}

// used takes one from the readers that were announced.
func (c *contents) used(d Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch n := c.expected[d]; {
	case n > 1:
		c.expected[d] = n - 1
	case n == 1:
		delete(c.expected, d)
		if e := c.entries[d]; e != nil && e.at != nil {
			c.drop(e)
		}
	}
}

// get returns the whole, verified content. Concurrent calls for one artifact
// read it once. The error is that of [cas.Store].Get and is not remembered.
func (c *contents) get(ctx context.Context, d Digest) ([]byte, error) {
	c.mu.Lock()
	if e, ok := c.entries[d]; ok {
		if e.at != nil {
			c.recent.MoveToFront(e.at)
		}
		c.mu.Unlock()
		if e.loaded == nil {
			return e.data, nil
		}
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

	e.data, e.err = c.read(ctx, d)

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
		// Calls that are reading it from the store get what the store has;
		// later calls get data.
		e = &content{digest: d, data: data}
		c.entries[d] = e
	}
	if e.at != nil {
		c.uncount(e)
	}
	e.pins++
}

// unpin ends a pin.
func (c *contents) unpin(d Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[d]
	if e.pins--; e.pins == 0 {
		c.keep(e)
	}
}

// keep counts e if it has readers to come, and drops others beyond the limit.
func (c *contents) keep(e *content) {
	if c.expected[e.digest] == 0 {
		delete(c.entries, e.digest)
		return
	}
	e.at = c.recent.PushFront(e)
	c.size += e.takes()
	for c.size > c.limit {
		c.drop(c.recent.Back().Value.(*content))
	}
}

func (c *contents) drop(e *content) {
	c.uncount(e)
	delete(c.entries, e.digest)
}

func (c *contents) uncount(e *content) {
	c.recent.Remove(e.at)
	e.at = nil
	c.size -= e.takes()
}

func (e *content) takes() int64 { return contentFixed + int64(len(e.data)) }

// checkInputs asks the store for the inputs of every stage that is to run,
// and plans to rebuild those that are missing, with their inputs in turn. It
// proves presence, not integrity. Other errors are left to the stages that
// read the inputs.
func (p *Plan) checkInputs(ctx context.Context) {
	asked := make(map[Digest]bool)
	for {
		var ask []Digest
		for i, s := range p.graph.stages {
			if !p.needed[i] || p.state[i] != StateRun {
				continue
			}
			for _, e := range s.sources() {
				if d := p.source(e).digest; !asked[d] && p.lost[d] == nil {
					asked[d] = true
					ask = append(ask, d)
				}
			}
		}
		if len(ask) == 0 {
			return
		}
		errs := make([]error, len(ask))
		var g errgroup.Group
		g.SetLimit(4 * runtime.GOMAXPROCS(0)) // it waits for a disk
		for i, d := range ask {
			g.Go(func() error {
				_, errs[i] = p.store.Stat(ctx, d)
				return nil
			})
		}
		g.Wait()
		missing := make(map[Digest]error)
		for i, d := range ask {
			if isLost(errs[i]) {
				missing[d] = errs[i]
			}
		}
		p.lose(missing)
		p.assign()
	}
}
