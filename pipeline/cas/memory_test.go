package cas_test

import (
	"errors"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

func TestMemory(t *testing.T) {
	castest.Run(t, func(t *testing.T) cas.Store { return cas.NewMemory() })
	castest.RunShared(t, func(t *testing.T) func(*testing.T) cas.Store {
		m := cas.NewMemory()
		return func(t *testing.T) cas.Store { return m.Open() }
	})
}

// What tests of others do to a Memory store.
func TestMemoryTroubles(t *testing.T) {
	m := cas.NewMemory()
	object := cas.Encode([]byte("content"))
	batch := cas.Batch{Objects: []cas.Object{object}, Rows: []cas.Row{{Table: "t"}}}

	full := errors.New("full")
	m.FailNextCommit(full)
	if err := m.Commit(t.Context(), batch); err != full {
		t.Errorf("commit: %v, want the error that was asked for", err)
	}
	if values, _ := m.Lookup("t", [32]byte{}); m.Damage(object.Digest) || len(values) != 0 {
		t.Error("a failed commit left something behind")
	}
	if err := m.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if !m.Damage(object.Digest) {
		t.Error("object not found")
	}
	var damaged *cas.DamagedError
	if _, err := m.Get(t.Context(), object.Digest); !errors.As(err, &damaged) {
		t.Errorf("get: %v, want a DamagedError", err)
	}
	if err := m.SetAside(t.Context(), object.Digest); err != nil || m.Aside() != 1 {
		t.Errorf("set aside: %v, %d aside", err, m.Aside())
	}
	if err := m.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if !m.Remove(object.Digest) || m.Remove(object.Digest) {
		t.Error("an object can be removed once")
	}
}
