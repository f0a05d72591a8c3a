package castest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func testReopen(t *testing.T, open func(*testing.T) *cas.Store) {
	var rows []string
	for i := range 5 {
		st := open(t)
		for j := range i {
			wantObject(t, st, Content(uint64(j), 100*j))
		}
		wantRows(t, st, "t", key(1), rows...)
		rows = append(rows, fmt.Sprint("row ", i))
		commit(t, st, cas.Batch{
			Objects: []cas.Object{cas.Encode(Content(uint64(i), 100*i))},
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
					Objects: []cas.Object{cas.Encode(Content(uint64(i), 5000))},
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
		wantObject(t, st, Content(uint64(i), 5000))
		if values, err := st.Lookup("t", key(i)); err != nil || len(values) != 4 {
			t.Errorf("row %d: %d values, %v, want 4", i, len(values), err)
		}
	}
}
