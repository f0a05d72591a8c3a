package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// stopAt cancels a run as soon as its progress speaks of a stage that has
// finished.
type stopAt struct {
	bytes.Buffer
	text string
	stop context.CancelFunc
}

func (s *stopAt) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if strings.Contains(s.String(), s.text) {
		s.stop()
	}
	return n, err
}

// TestCurvatureGoesOn interrupts the verb after each of the parts of the
// spectrum: the next start does what is left, and prints what a run in one
// piece prints.
func TestCurvatureGoesOn(t *testing.T) {
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	dir := t.TempDir()
	files := g.write(t, dir)
	args := func(store string) []string {
		return append([]string{"curvature", "--json", "--fine", "--exact", "0", "--density", "5x2", "-j", "1", "--progress", "plain", "--store", filepath.Join(dir, store)}, files...)
	}
	var want bytes.Buffer
	if code := run(t.Context(), newApp(&want, &bytes.Buffer{}, func(string) string { return "" }), args("whole")); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	finished := map[string]bool{}
	for _, stage := range []string{"operator[w,H]", "operator[w,R]", "blocks[w,G=0-0]", "structure[w]", "density[w,probes=1-1]"} {
		ctx, stop := context.WithCancel(t.Context())
		var stdout bytes.Buffer
		stderr := &stopAt{text: "] " + stage, stop: stop}
		code := run(ctx, newApp(&stdout, stderr, func(string) string { return "" }), args("parts"))
		stop()
		for name := range finished {
			if strings.Contains(stderr.String(), "] "+name) {
				t.Errorf("%s ran again:\n%s", name, stderr.String())
			}
		}
		if strings.Contains(stderr.String(), stderr.text) {
			finished[stage] = true
		}
		if code == exitDone {
			break // the last stage was under way already
		}
		if !finished[stage] || stdout.Len() > 0 {
			t.Fatalf("exit code %d before %s had finished:\n%s\n%s", code, stage, stdout.String(), stderr.String())
		}
	}
	if len(finished) < 2 {
		t.Fatalf("only %v finished before the first run was complete", finished)
	}
	var got, stderr bytes.Buffer
	if code := run(t.Context(), newApp(&got, &stderr, func(string) string { return "" }), args("parts")); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("the interrupted runs give\n%s\nwant\n%s", got.String(), want.String())
	}
}
