//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// makePipe makes a named pipe.
func makePipe(name string) error { return syscall.Mkfifo(name, 0o666) }

// TestSecondSignalEndsAtOnce sends this process two interrupts.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	ended := make(chan int, 1)
	ctx, stop := withSignals(t.Context(), func(code int) { ended <- code })
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if cause := context.Cause(ctx).Error(); cause != "interrupted" {
		t.Errorf("cause %q, want interrupted", cause)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != exitTerminated {
		t.Errorf("exit code %d, want %d", code, exitTerminated)
	}
}

// TestCurvatureSeesWritesThroughMaps: the first store into a page of a shared
// memory map sets the times of the file, later ones into the dirty page do not.
// The result is that of the present content all the same.
func TestCurvatureSeesWritesThroughMaps(t *testing.T) {
	t.Parallel()
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	dir := t.TempDir()
	network := g.write(t, dir)
	ask := func(store string) string {
		var stdout, stderr bytes.Buffer
		a := newApp(&stdout, &stderr, func(string) string { return "" })
		args := append([]string{"curvature", "--json", "-q", "--top", "2", "--bottom", "1", "--store", filepath.Join(dir, store)}, network...)
		if code := run(t.Context(), a, args); code != exitDone {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
		return stdout.String()
	}
	f, err := os.OpenFile(filepath.Join(dir, "x.npy"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := 8 * len(g.Inputs) * len(g.Inputs[0])
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	head := int(info.Size()) - size
	view, err := syscall.Mmap(int(f.Fd()), 0, head+size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(view)
	clear(view[head : head+8]) // the page is dirty from here on
	time.Sleep(2100 * time.Millisecond)
	before := ask("store")
	clear(view[head : head+size/2])
	after, fresh := ask("store"), ask("fresh")
	if after != fresh || after == before {
		t.Errorf("after the write the result is\n%s\nwant\n%s\nbefore it was\n%s", after, fresh, before)
	}
}
