package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func exporting(t *testing.T, k *kitchen, add int) *Graph {
	g := NewGraph(nil)
	a, err := Add(g, k.kind, Node{Name: "a", Export: map[string]string{"out": "figures/a.txt"}}, sumParams{Add: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Add(g, k.kind, Node{
		Name: "b", Inputs: map[string]Output{"in": a.Out("out")}, Export: map[string]string{"out": "b.txt"},
	}, sumParams{Add: add})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestExport(t *testing.T) {
	k, st, dir := newKitchen(), newStore(), t.TempDir()
	export := func(add int) []string {
		t.Helper()
		p := mustPlan(t, exporting(t, k, add), st, Options{})
		mustRun(t, p, RunOptions{})
		written, lost, err := p.Export(t.Context(), dir)
		if err != nil || lost != nil {
			t.Fatalf("lost %v, %v", lost, err)
		}
		return written
	}
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if diff := cmp.Diff([]string{"figures/a.txt", "b.txt"}, export(10)); diff != "" {
		t.Error(diff)
	}
	if read("figures/a.txt") != "1" || read("b.txt") != "11" {
		t.Errorf("a is %q, b is %q", read("figures/a.txt"), read("b.txt"))
	}
	old := time.Unix(1e9, 0)
	for _, name := range []string{"figures/a.txt", "b.txt", "."} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if written := export(10); len(written) != 0 {
		t.Errorf("a no-op wrote %q", written)
	}
	for _, name := range []string{"figures/a.txt", "."} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.ModTime().Equal(old) {
			t.Errorf("a no-op touched %s: %v, %v", name, info.ModTime(), err)
		}
	}
	// Another content; then an edit by hand, of the same size and time.
	if diff := cmp.Diff([]string{"b.txt"}, export(20)); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(filepath.Join(dir, "b.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.txt"), []byte("99"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "b.txt"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if written := export(20); len(written) != 1 || read("b.txt") != "21" {
		t.Errorf("after an edit: wrote %q, b is %q", written, read("b.txt"))
	}
	// A link is replaced, not followed.
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("21"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	if written := export(20); len(written) != 1 {
		t.Errorf("a link was kept: wrote %q", written)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("folder has %v, %v", entries, err)
	}
}

func TestExportTellsWhatIsLost(t *testing.T) {
	k, d, dir := newKitchen(), newDisk(), t.TempDir()
	st := d.open()
	sum := mustDo(t, exporting(t, k, 10), st)
	d.remove(sum.Results()["b"]["out"])
	d.damage(sum.Results()["a"]["out"])
	k.count()
	p := mustPlan(t, exporting(t, k, 10), st, Options{})
	mustRun(t, p, RunOptions{})
	written, lost, err := p.Export(t.Context(), dir)
	if err != nil || len(written) != 0 || len(lost) != 2 || k.count() != 0 {
		t.Fatalf("wrote %q, lost %v, %v", written, lost, err)
	}
	if lost[0].Stage.Name() != "a" || lost[0].Output != "out" || !errors.As(lost[0].Err, new(*cas.DamagedError)) || !errors.Is(lost[1].Err, cas.ErrNotFound) {
		t.Errorf("lost %+v", lost)
	}
	mustRun(t, p, RunOptions{})
	written, lost, err = p.Export(t.Context(), dir)
	if err != nil || len(written) != 2 || lost != nil || k.count() != 2 {
		t.Fatalf("wrote %q, lost %v, %v", written, lost, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "b.txt")); err != nil || string(text) != "11" {
		t.Errorf("b is %q, %v", text, err)
	}
}

func TestExportErrors(t *testing.T) {
	k, st, dir := newKitchen(), newStore(), t.TempDir()
	p := mustPlan(t, exporting(t, k, 10), st, Options{})
	mustRun(t, p, RunOptions{})
	if err := os.Mkdir(filepath.Join(dir, "b.txt"), 0o777); err != nil {
		t.Fatal(err)
	}
	written, _, err := p.Export(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "exporting b.txt: ") || len(written) != 1 {
		t.Errorf("wrote %q, %v", written, err)
	}
	for _, file := range []string{"", ".", "../x", "/x", "a/../b", "a//b", "a/"} {
		_, err := Add(NewGraph(nil), k.kind, Node{Name: "x", Export: map[string]string{"out": file}}, sumParams{})
		if err == nil || !strings.Contains(err.Error(), "not a clean path") {
			t.Errorf("export to %q: %v", file, err)
		}
	}
}
