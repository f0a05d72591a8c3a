package cas_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func TestLockOwner(t *testing.T) {
	dir := t.TempDir()
	one, two := openDisk(t, dir), openDisk(t, dir)
	unlock, ok, _, err := one.TryLock([32]byte{9})
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, ok, owner, err := two.TryLock([32]byte{9, 1})
	if ok || err != nil {
		t.Fatalf("a stripe is held twice: %v, %v", ok, err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(owner, fmt.Sprintf("process %d on %s since 2", os.Getpid(), host)) {
		t.Errorf("owner %q", owner)
	}
	if _, ok, _, err := two.TryLock([32]byte{8}); !ok || err != nil {
		t.Errorf("another stripe is not free: %v, %v", ok, err)
	}
	// What a lock file holds does not matter.
	if err := os.WriteFile(dir+"/locks/09", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, ok, owner, err := two.TryLock([32]byte{9}); ok || owner != "another process" || err != nil {
		t.Errorf("%v, %q, %v", ok, owner, err)
	}
	unlock()
	if _, ok, _, err := two.TryLock([32]byte{9}); !ok || err != nil {
		t.Errorf("lock is not free: %v, %v", ok, err)
	}
}

// TestLockSeesOthersRows: a store that has just locked an action sees what
// another one committed under that lock, without being refreshed.
func TestLockSeesOthersRows(t *testing.T) {
	dir := t.TempDir()
	one, two := openDisk(t, dir), openDisk(t, dir)
	// Keys with the same first byte share a lock file.
	for i, key := range [][32]byte{{9, 1}, {9, 2}, {8}} {
		wantRows(t, two, "records", key)
		unlock, ok, _, err := one.TryLock(key)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		value := fmt.Sprint("row ", i)
		commit(t, one, cas.Batch{Rows: []cas.Row{{Table: "records", Key: key, Value: []byte(value)}}})
		unlock()
		unlock, ok, _, err = two.TryLock(key)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		wantRows(t, two, "records", key, value)
		unlock()
	}
}
