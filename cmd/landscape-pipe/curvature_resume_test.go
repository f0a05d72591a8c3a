package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// stopAt cancels a run as soon as its progress says that a stage has finished.
type stopAt struct {
	bytes.Buffer
	stop context.CancelFunc
}

func (s *stopAt) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if finishedLine.Match(s.Bytes()) {
		s.stop()
	}
	return n, err
}

// finishedLine is what plain progress says of a stage.
var finishedLine = regexp.MustCompile(`(?m)^\[ *\d+/\d+\] (\S+)  `)

// TestCurvatureGoesOn interrupts the verb whenever a part of the spectrum or of
// the objects has finished: the next start does what is left, and in the end
// what is printed is what a run without interruption prints.
func TestCurvatureGoesOn(t *testing.T) {
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	g.Inputs, g.Labels = slices.Repeat(g.Inputs, 12), slices.Repeat(g.Labels, 12) // more than an action takes
	dir := t.TempDir()
	files := g.write(t, dir)
	args := func(store string) []string {
		return append([]string{"curvature", "--json", "--exact", "0", "--density", "5x2", "--per-object", "17", "-j", "1", "--progress", "plain", "--store", filepath.Join(dir, store)}, files...)
	}
	var want bytes.Buffer
	if code := run(t.Context(), newApp(&want, &bytes.Buffer{}, func(string) string { return "" }), args("whole")); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	finished, starts := map[string]bool{}, 0
	for code := exitFailed; code != exitDone; starts++ {
		ctx, stop := context.WithCancel(t.Context())
		var stdout bytes.Buffer
		stderr := &stopAt{stop: stop}
		code = run(ctx, newApp(&stdout, stderr, func(string) string { return "" }), args("parts"))
		stop()
		before := len(finished)
		for _, line := range finishedLine.FindAllStringSubmatch(stderr.String(), -1) {
			if finished[line[1]] {
				t.Errorf("%s ran again:\n%s", line[1], stderr.String())
			}
			finished[line[1]] = true
		}
		if code != exitDone && (len(finished) == before || stdout.Len() > 0) {
			t.Fatalf("exit code %d, and nothing had finished:\n%s\n%s", code, stdout.String(), stderr.String())
		}
	}
	if starts < 2 || !finished["objects[w]"] || !finished["spectra[w]"] {
		t.Errorf("after %d starts %v had finished: want several starts, and the objects and the spectrum", starts, finished)
	}
	var got, stderr bytes.Buffer
	if code := run(t.Context(), newApp(&got, &stderr, func(string) string { return "" }), args("parts")); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("the interrupted runs give\n%s\nwant\n%s", got.String(), want.String())
	}
}
