package reliability

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// insideVariable tells a test that it runs in a mount namespace of its own.
const insideVariable = "RELIABILITY_TEST_INSIDE"

// inNamespace runs the calling test again in a process of its own whose
// mounts nobody else sees and which end with it. It reports whether this is
// that process. Root can always do so, others where the system lets them have
// user namespaces; else the test is skipped.
func inNamespace(t *testing.T) (inside bool) {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("mounting needs root or user namespaces: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if reason, ok := strings.CutPrefix(firstWith(out.String(), cannotMount), cannotMount); ok {
		t.Skip(cannotMount + reason)
	}
	if err != nil || !strings.Contains(out.String(), "--- PASS: "+t.Name()) {
		t.Errorf("inside: %v\n%s", err, out.String())
	}
	return false
}

const cannotMount = "cannot mount: "

// firstWith returns the rest of the first line that has a mark, from there on.
func firstWith(text, mark string) string {
	for line := range strings.Lines(text) {
		if i := strings.Index(line, mark); i >= 0 {
			return strings.TrimSpace(line[i:])
		}
	}
	return ""
}

// mount mounts a file system in memory until the test ends, or, with
// MS_REMOUNT among the flags, changes one.
func mount(t *testing.T, dir, options string, flags uintptr) {
	t.Helper()
	// What is mounted here must not reach the namespace outside.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Skipf("%s%v", cannotMount, err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("%s%v", cannotMount, err)
	}
	if flags&syscall.MS_REMOUNT == 0 {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFullDisk fills a small file system, first with bytes and then with
// files. The run says that the disk is full and what to do, all that it
// reported as finished stays, also in a run that does nothing, and with more
// room the next one goes on from there.
func TestFullDisk(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := recipe{Generation: 1, Width: 6, Layers: 5, Size: 50_000}
	want := r.reference(t)
	for _, c := range []struct{ name, small, large string }{
		{"bytes", "size=768k", "size=64m"},
		{"files", "size=64m,nr_inodes=60", "size=64m,nr_inodes=0"},
	} {
		dir := t.TempDir()
		mount(t, dir, c.small, 0)
		store := filepath.Join(dir, "store")
		st := open(t, store)
		finished := make(map[string]bool)
		sum, err := plan(t, r.graph(t), st).Run(t.Context(), pipeline.RunOptions{Jobs: 1, Events: func(e pipeline.Event) {
			if e.Kind == pipeline.EventFinished {
				finished[e.Stage.Name()] = true
			}
		}})
		if !errors.Is(err, cas.ErrFull) || !strings.Contains(fmt.Sprint(err), "free some space") {
			t.Fatalf("%s: %v, want ErrFull and what to do", c.name, err)
		}
		if sum.Ran != len(finished) || sum.Ran == len(want) || sum.Failed > 0 {
			t.Errorf("%s: %d reported as finished, %+v", c.name, len(finished), sum)
		}
		st.Close()

		st = open(t, store) // still full
		p := plan(t, r.graph(t), st)
		if err := wrongHits(p, st, want); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		hits := cached(p)
		for name := range finished {
			if !hits[name] {
				t.Errorf("%s: %s was finished and is lost", c.name, name)
			}
		}
		if _, err := p.Run(t.Context(), pipeline.RunOptions{}); !errors.Is(err, cas.ErrFull) {
			t.Errorf("%s: the next run on the full disk: %v, want ErrFull", c.name, err)
		}
		if c.name == "bytes" && len(finished) == 0 {
			t.Error("nothing was finished before the disk was full: the test shows little")
		}

		mount(t, dir, c.large, syscall.MS_REMOUNT)
		st.Close()
		st = open(t, store) // after a write that failed nothing is written until then
		_, sum = must(t, r.graph(t), st)
		wantResults(t, sum.Results(), want)
		for name := range finished {
			if !hits[name] {
				t.Errorf("%s: %s was finished and runs again", c.name, name)
			}
		}
		if sum.Ran+sum.Cached != len(want) || sum.Cached < len(finished) {
			t.Errorf("%s: after room was made: %+v", c.name, sum)
		}
		if report, err := st.Verify(t.Context(), true); err != nil || !report.OK() {
			t.Errorf("%s: verify: %+v, %v", c.name, report, err)
		}
		t.Logf("%s: %d of %d stages before the disk was full", c.name, len(finished), len(want))
		st.Close()
	}
}

// TestReadOnlyStore mounts a store so that it cannot be written. What is in it
// is found, a run that needs nothing is fine, and one that needs to write says
// why it cannot.
func TestReadOnlyStore(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	want := small.reference(t)
	dir := t.TempDir()
	mount(t, dir, "size=8m", 0)
	store := filepath.Join(dir, "store")
	st := open(t, store)
	must(t, small.graph(t), st)
	st.Close()
	mount(t, dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY)

	st = open(t, store)
	p, sum := must(t, small.graph(t), st)
	if sum.Ran != 0 {
		t.Errorf("%d stages ran", sum.Ran)
	}
	wantResults(t, sum.Results(), want)
	if err := wrongHits(p, st, want); err != nil {
		t.Error(err)
	}
	if _, lost, err := p.Export(t.Context(), t.TempDir()); err != nil || lost != nil {
		t.Errorf("exporting from a read-only store: lost %v, %v", lost, err)
	}
	other := small
	other.Generation = 2
	_, err := plan(t, other.graph(t), st).Run(t.Context(), pipeline.RunOptions{})
	if !errors.Is(err, cas.ErrReadOnly) || !strings.Contains(fmt.Sprint(err), "use another store") {
		t.Errorf("a run that must write: %v, want ErrReadOnly and what to do", err)
	}
}
