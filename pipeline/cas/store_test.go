package cas_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

func openDisk(t testing.TB, dir string, options ...cas.Option) *cas.Store {
	t.Helper()
	d, err := cas.Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestStore tests what a store promises on any file system, with all ways of
// reading segments.
func TestStore(t *testing.T) {
	for name, options := range map[string][]cas.Option{
		"default":               nil,
		"rows on disk":          {cas.WithRetainLimit(0)},
		"few in memory, merges": {cas.WithRetainLimit(2000), cas.WithMergeAt(2), cas.WithSegmentLimit(4000)},
	} {
		for _, test := range []struct {
			name string
			run  func(*testing.T, *cas.Store)
		}{
			{"objects", testObjects},
			{"not found", testNotFound},
			{"damaged", testDamaged},
			{"refused", testRefused},
			{"rows", testRows},
			{"many rows", testManyRows},
			{"locks", testLocks},
			{"concurrent commits", testConcurrent},
			{"canceled", testCanceled},
			{"close", testClose},
		} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				test.run(t, openDisk(t, filepath.Join(t.TempDir(), "a", "store"), options...))
			})
		}
		for _, test := range []struct {
			name string
			run  func(*testing.T, func(*testing.T) *cas.Store)
		}{
			{"reopen", testReopen},
			{"refresh", testRefresh},
			{"commit order", testCommitOrder},
			{"locks exclude", testLocksExclude},
			{"same objects", testSameObjects},
		} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "store of Ünïcode ☃ 'quoted'")
				test.run(t, func(t *testing.T) *cas.Store { return openDisk(t, dir, options...) })
			})
		}
	}
}

func key(i int) (k [32]byte) {
	// The differing bytes come last: a store may not take keys for hashes.
	copy(k[28:], []byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
	return k
}

func commit(t *testing.T, st *cas.Store, b cas.Batch) {
	t.Helper()
	if err := st.Commit(t.Context(), b); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func wantObject(t *testing.T, st *cas.Store, content []byte) {
	t.Helper()
	d := cas.Sum(content)
	got, err := st.Get(t.Context(), d)
	if err != nil {
		t.Errorf("get %s: %v", d.Short(), err)
	} else if !bytes.Equal(got, content) {
		t.Errorf("get %s: %d other bytes than were put (%d)", d.Short(), len(got), len(content))
	}
	size, err := st.Stat(t.Context(), d)
	if err != nil || size != int64(len(content)) {
		t.Errorf("stat %s: %d, %v, want size %d", d.Short(), size, err, len(content))
	}
}

func wantRows(t *testing.T, st *cas.Store, table cas.Table, k [32]byte, want ...string) {
	t.Helper()
	values, err := st.Lookup(table, k)
	if err != nil {
		t.Fatalf("lookup: %v", err)
	}
	var got []string
	for _, v := range values {
		got = append(got, string(v))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows of %s %x (-want +got):\n%s", table, k[28:], diff)
	}
}

func testObjects(t *testing.T, st *cas.Store) {
	var batch cas.Batch
	var contents [][]byte
	for i, n := range []int{0, 1, 2, 100, 4096, 1 << 17, 1<<17 + 1, 2 << 20} {
		contents = append(contents, castest.Content(uint64(i), n), bytes.Repeat([]byte{7}, n))
	}
	for _, c := range contents {
		batch.Objects = append(batch.Objects, cas.Encode(c))
	}
	commit(t, st, batch)
	commit(t, st, batch) // the same once more
	commit(t, st, cas.Batch{})
	for _, c := range contents {
		wantObject(t, st, c)
	}
}

func testNotFound(t *testing.T, st *cas.Store) {
	check := func() {
		t.Helper()
		d := cas.Sum([]byte("missing"))
		if _, err := st.Get(t.Context(), d); !errors.Is(err, cas.ErrNotFound) {
			t.Errorf("get of a missing object: %v, want ErrNotFound", err)
		}
		if _, err := st.Stat(t.Context(), d); !errors.Is(err, cas.ErrNotFound) {
			t.Errorf("stat of a missing object: %v, want ErrNotFound", err)
		}
		if err := st.Quarantine(t.Context(), d); err != nil {
			t.Errorf("quarantine of a missing object: %v", err)
		}
		wantRows(t, st, "records", key(1))
	}
	check()
	commit(t, st, cas.Batch{
		Objects: []cas.Object{cas.Encode([]byte("present"))},
		Rows:    []cas.Row{{Table: "records", Key: key(2), Value: []byte("x")}, {Table: "names", Key: key(1), Value: []byte("y")}},
	})
	check()
}

func testDamaged(t *testing.T, st *cas.Store) {
	good, bad := []byte("the content"), []byte("not content")
	object := cas.Encode(bad)
	object.Digest = cas.Sum(good) // bytes that are not what the name promises
	commit(t, st, cas.Batch{Objects: []cas.Object{object}})

	got, err := st.Get(t.Context(), object.Digest)
	var damaged *cas.DamagedError
	if !errors.As(err, &damaged) || got != nil {
		t.Fatalf("get of a damaged object: %q, %v, want a DamagedError", got, err)
	}
	if damaged.Digest != object.Digest || damaged.Reason == "" {
		t.Errorf("damaged error says too little: %+v", damaged)
	}
	if err := st.Quarantine(t.Context(), object.Digest); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Get(t.Context(), object.Digest); !errors.Is(err, cas.ErrNotFound) {
		t.Errorf("get of an object in quarantine: %v, want ErrNotFound", err)
	}
	commit(t, st, cas.Batch{Objects: []cas.Object{cas.Encode(good)}})
	wantObject(t, st, good)
	if err := st.Quarantine(t.Context(), object.Digest); err != nil {
		t.Fatal(err)
	}
	wantObject(t, st, good) // a sound object stays

	// A commit of the right content heals without being asked.
	commit(t, st, cas.Batch{Objects: []cas.Object{{Digest: cas.Sum([]byte("b")), Size: 1, Frame: cas.Encode([]byte("a")).Frame}}})
	commit(t, st, cas.Batch{Objects: []cas.Object{cas.Encode([]byte("b"))}})
	wantObject(t, st, []byte("b"))
}

func testRefused(t *testing.T, st *cas.Store) {
	good := cas.Encode([]byte("content"))
	row := cas.Row{Table: "records", Key: key(1), Value: []byte("v")}
	for name, batch := range map[string]cas.Batch{
		"frame without header": {Objects: []cas.Object{{Digest: good.Digest, Size: good.Size, Frame: good.Frame[1:]}}},
		"truncated frame":      {Objects: []cas.Object{{Digest: good.Digest, Size: good.Size, Frame: good.Frame[:len(good.Frame)-1]}}},
		"wrong size":           {Objects: []cas.Object{{Digest: good.Digest, Size: 8, Frame: good.Frame}}},
		"no table":             {Rows: []cas.Row{{Key: key(1)}}},
		"long table":           {Rows: []cas.Row{{Table: cas.Table(make([]byte, 65)), Key: key(1)}}},
		"long value":           {Rows: []cas.Row{{Table: "records", Key: key(1), Value: make([]byte, 64<<20+1)}}},
	} {
		batch.Rows = append(batch.Rows, row)
		if err := st.Commit(t.Context(), batch); err == nil {
			t.Errorf("%s: commit did not refuse it", name)
		}
	}
	wantRows(t, st, "records", key(1))
}

func testRows(t *testing.T, st *cas.Store) {
	row := func(table cas.Table, k int, v string) cas.Row {
		return cas.Row{Table: table, Key: key(k), Value: []byte(v)}
	}
	commit(t, st, cas.Batch{Rows: []cas.Row{row("records", 1, "a"), row("records", 2, "b"), row("records", 1, "c")}})
	commit(t, st, cas.Batch{Rows: []cas.Row{row("names", 1, "d")}})
	commit(t, st, cas.Batch{Rows: []cas.Row{row("records", 1, ""), row("recordsx", 1, "e"), row("records", 1, "a")}})
	wantRows(t, st, "records", key(1), "a", "c", "", "a")
	wantRows(t, st, "records", key(2), "b")
	wantRows(t, st, "names", key(1), "d")
	wantRows(t, st, "recordsx", key(1), "e")
	wantRows(t, st, "record", key(1))
	big := string(castest.Content(1, 3<<20))
	commit(t, st, cas.Batch{Rows: []cas.Row{row("records", 3, big), row("records", 3, "after")}})
	wantRows(t, st, "records", key(3), big, "after")
	if err := st.Refresh(); err != nil {
		t.Fatal(err)
	}
	wantRows(t, st, "records", key(1), "a", "c", "", "a")
}

func testManyRows(t *testing.T, st *cas.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	want := make(map[int][]string)
	for range 20 {
		var batch cas.Batch
		for range random.IntN(50) {
			k := random.IntN(30)
			v := string(castest.Content(random.Uint64(), random.IntN(300)))
			want[k] = append(want[k], v)
			batch.Rows = append(batch.Rows, cas.Row{Table: "t", Key: key(k), Value: []byte(v)})
		}
		commit(t, st, batch)
		k := random.IntN(30)
		wantRows(t, st, "t", key(k), want[k]...)
	}
	for k := range 30 {
		wantRows(t, st, "t", key(k), want[k]...)
	}
}

func testLocks(t *testing.T, st *cas.Store) {
	lock := func(i int) func() {
		t.Helper()
		unlock, ok, owner, err := st.TryLock(key(i))
		if err != nil || !ok {
			t.Fatalf("lock %d: %v, owner %q, %v", i, ok, owner, err)
		}
		return unlock
	}
	// These keys share their first byte, so surely whatever stripe there is.
	one, two := lock(1), lock(2)
	one()
	again := lock(1)
	two()
	again()
	again() // a second call does nothing
	lock(1)()
}

func testConcurrent(t *testing.T, st *cas.Store) {
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 10 {
				own, shared := fmt.Appendf(nil, "object %d of %d", i, g), fmt.Appendf(nil, "object %d of all", i)
				err := st.Commit(context.Background(), cas.Batch{
					Objects: []cas.Object{cas.Encode(own), cas.Encode(shared)},
					Rows:    []cas.Row{{Table: "t", Key: key(g), Value: own}},
				})
				if err != nil {
					t.Errorf("commit %d of %d: %v", i, g, err)
				}
				values, err := st.Lookup("t", key(g))
				if err != nil || len(values) != i+1 || !bytes.Equal(values[i], own) {
					t.Errorf("commit %d of %d is not seen: %q, %v", i, g, values, err)
				}
				if _, err := st.Get(context.Background(), cas.Sum(shared)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

func testCanceled(t *testing.T, st *cas.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	object := cas.Encode([]byte("never"))
	err := st.Commit(ctx, cas.Batch{Objects: []cas.Object{object}, Rows: []cas.Row{{Table: "t", Key: key(1)}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v, want canceled", err)
	}
	if _, err := st.Get(ctx, object.Digest); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v, want canceled", err)
	}
	wantRows(t, st, "t", key(1))
}

func testClose(t *testing.T, st *cas.Store) {
	object := cas.Encode([]byte("x"))
	commit(t, st, cas.Batch{Objects: []cas.Object{object}})
	unlock, ok, _, err := st.TryLock(key(1))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 2 {
		if err := st.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	unlock() // may come late
	_, getErr := st.Get(t.Context(), object.Digest)
	_, statErr := st.Stat(t.Context(), object.Digest)
	_, lookupErr := st.Lookup("t", key(1))
	_, _, _, lockErr := st.TryLock(key(1))
	for name, err := range map[string]error{
		"get": getErr, "stat": statErr, "lookup": lookupErr, "lock": lockErr,
		"refresh":    st.Refresh(),
		"quarantine": st.Quarantine(t.Context(), object.Digest),
		"commit":     st.Commit(t.Context(), cas.Batch{Objects: []cas.Object{object}}),
	} {
		if !errors.Is(err, cas.ErrClosed) {
			t.Errorf("%s after close: %v, want ErrClosed", name, err)
		}
	}
}

func testReopen(t *testing.T, open func(*testing.T) *cas.Store) {
	var rows []string
	for i := range 5 {
		st := open(t)
		for j := range i {
			wantObject(t, st, castest.Content(uint64(j), 100*j))
		}
		wantRows(t, st, "t", key(1), rows...)
		rows = append(rows, fmt.Sprint("row ", i))
		commit(t, st, cas.Batch{
			Objects: []cas.Object{cas.Encode(castest.Content(uint64(i), 100*i))},
			Rows:    []cas.Row{{Table: "t", Key: key(1), Value: []byte(rows[i])}},
		})
		wantRows(t, st, "t", key(1), rows...)
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func testRefresh(t *testing.T, open func(*testing.T) *cas.Store) {
	one, two := open(t), open(t)
	wantRows(t, one, "t", key(1))
	wantRows(t, two, "t", key(1))
	for i := range 3 {
		commit(t, one, cas.Batch{Rows: []cas.Row{{Table: "t", Key: key(i), Value: []byte("one")}}})
		if err := two.Refresh(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, two, "t", key(i), "one")
		commit(t, two, cas.Batch{Rows: []cas.Row{{Table: "t", Key: key(i), Value: []byte("two")}}})
		if err := one.Refresh(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, one, "t", key(i), "one", "two")
		wantRows(t, two, "t", key(i), "one", "two")
	}
}

// testCommitOrder alternates between stores, so that neither the numbers nor
// the ages of their files tell the order of the rows.
func testCommitOrder(t *testing.T, open func(*testing.T) *cas.Store) {
	stores := []*cas.Store{open(t), open(t), open(t)}
	var want []string
	for i := range 30 {
		value := fmt.Sprint("value ", i)
		commit(t, stores[(i*i)%3], cas.Batch{Rows: []cas.Row{{Table: "names", Key: key(7), Value: []byte(value)}}})
		want = append(want, value)
	}
	for _, st := range append(stores, open(t)) {
		if err := st.Refresh(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, st, "names", key(7), want...)
	}
}

func testLocksExclude(t *testing.T, open func(*testing.T) *cas.Store) {
	one, two := open(t), open(t)
	try := func(st *cas.Store, i int) (func(), bool) {
		t.Helper()
		unlock, ok, owner, err := st.TryLock(key(i))
		if err != nil {
			t.Fatal(err)
		}
		if !ok && owner == "" {
			t.Error("busy, but no owner")
		}
		return unlock, ok
	}
	first, ok := try(one, 1)
	if !ok {
		t.Fatal("a free lock was refused")
	}
	if _, ok := try(two, 1); ok {
		t.Fatal("two processes have one lock")
	}
	if _, ok := try(one, 1); ok {
		t.Fatal("two callers of one process have one lock")
	}
	second, ok := try(one, 3)
	if !ok {
		t.Fatal("keys that share a lock are in each other's way")
	}
	first()
	if again, ok := try(one, 1); !ok {
		t.Fatal("the lock was not freed within the process")
	} else {
		again()
	}
	second()
	unlock, ok := try(two, 1)
	if !ok {
		t.Fatal("the lock was not freed")
	}
	unlock()
	if _, ok := try(one, 1); !ok {
		t.Fatal("the lock was not freed")
	}
	one.Close() // as does the death of a process
	if _, ok := try(two, 1); !ok {
		t.Fatal("the lock was not freed by close")
	}
}

func testSameObjects(t *testing.T, open func(*testing.T) *cas.Store) {
	var wait sync.WaitGroup
	for g := range 4 {
		st := open(t)
		wait.Go(func() {
			for i := range 10 {
				err := st.Commit(context.Background(), cas.Batch{
					Objects: []cas.Object{cas.Encode(castest.Content(uint64(i), 5000))},
					Rows:    []cas.Row{{Table: "t", Key: key(i), Value: []byte{byte(g)}}},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	st := open(t)
	for i := range 10 {
		wantObject(t, st, castest.Content(uint64(i), 5000))
		if values, err := st.Lookup("t", key(i)); err != nil || len(values) != 4 {
			t.Errorf("row %d: %d values, %v, want 4", i, len(values), err)
		}
	}
}
