package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// countReads counts how often c reads its store.
func countReads(c *contents) (reads *int) {
	read := c.read
	reads = new(int)
	c.read = func(ctx context.Context, d Digest) ([]byte, error) {
		*reads++
		return read(ctx, d)
	}
	return reads
}

// filled returns a store with n objects.
func filled(t *testing.T, n int) (*cas.Store, []Digest) {
	t.Helper()
	var batch cas.Batch
	var digests []Digest
	for i := range n {
		o := cas.Encode(fmt.Appendf(nil, "artifact %d", i))
		batch.Objects = append(batch.Objects, o)
		digests = append(digests, o.Digest)
	}
	st := newStore()
	if err := st.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return st, digests
}

func TestContentsStayForTheirReaders(t *testing.T) {
	st, digests := filled(t, 1)
	d := digests[0]
	c := newContents(st, 1<<20)
	reads := countReads(c)
	read := func(wantReads int) {
		t.Helper()
		data, err := c.get(t.Context(), d)
		if err != nil || !bytes.Equal(data, []byte("artifact 0")) || *reads != wantReads {
			t.Fatalf("%q, %v after %d reads, want %d", data, err, *reads, wantReads)
		}
	}
	read(1)
	read(2) // nobody had said that he would come again
	c.expect(d, 3)
	read(3)
	c.used(d)
	read(3)
	c.used(d)
	read(3)
	c.used(d)
	c.used(d) // one too many changes nothing
	if len(c.entries)+c.recent.Len()+len(c.expected) != 0 || c.size != 0 {
		t.Errorf("%d entries of %d bytes are left", len(c.entries), c.size)
	}

	c.expect(d, 1)
	c.pin(d, []byte("artifact 0"))
	c.used(d)
	read(3) // pinned: it may not be in the store yet
	c.unpin(d)
	if len(c.entries) != 0 || c.size != 0 {
		t.Errorf("%d entries of %d bytes are left without a reader", len(c.entries), c.size)
	}
	c.expect(d, 1)
	c.pin(d, []byte("artifact 0"))
	c.pin(d, []byte("artifact 0"))
	c.unpin(d)
	c.unpin(d)
	read(3)
}

func TestContentsKeepTheirLimit(t *testing.T) {
	st, digests := filled(t, 100)
	const limit = 10 * (contentFixed + 20)
	c := newContents(st, limit)
	reads := countReads(c)
	for _, d := range digests {
		c.expect(d, 2)
		if _, err := c.get(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if c.size > limit || c.recent.Len() != len(c.entries) {
			t.Fatalf("%d bytes in %d entries, %d of them listed", c.size, len(c.entries), c.recent.Len())
		}
	}
	if len(c.entries) < 10 {
		t.Errorf("only %d entries are kept", len(c.entries))
	}
	before := *reads
	if _, err := c.get(t.Context(), digests[99]); err != nil || *reads != before {
		t.Errorf("the last one was dropped: %v", err)
	}
	if _, err := c.get(t.Context(), digests[0]); err != nil || *reads != before+1 {
		t.Errorf("the first one was kept: %v", err)
	}
}

// TestRunForgetsWhatWasRead: outputs of small chains are read from memory, and
// gone from it at the end, those that many share among them.
func TestRunForgetsWhatWasRead(t *testing.T) {
	k := newKitchen()
	g := NewGraph(nil)
	for i := range 20 {
		a := k.add(t, g, fmt.Sprint("a", i), sumParams{Add: i / 10}) // ten with one output
		b := k.add(t, g, fmt.Sprint("b", i), sumParams{Add: 100}, a)
		k.add(t, g, fmt.Sprint("c", i), sumParams{Add: i}, a, b)
	}
	p := mustPlan(t, g, newStore(), Options{})
	r := newRunner(t.Context(), p, RunOptions{Jobs: 1, CacheLimit: defaultCacheLimit})
	defer r.cancel()
	reads := countReads(r.contents)
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	if *reads != 0 {
		t.Errorf("%d outputs were read back from the store", *reads)
	}
	if c := r.contents; len(c.entries)+len(c.expected)+c.recent.Len() != 0 || c.size != 0 || len(r.leaders)+len(r.waiting) != 0 {
		t.Errorf("%d artifacts, %d expectations and %d keys at work are left", len(c.entries), len(c.expected), len(r.leaders)+len(r.waiting))
	}
}
