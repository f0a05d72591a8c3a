package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func TestLockfile(t *testing.T) {
	g := NewGraph(nil)
	nothing := func(context.Context, struct{}, *Task) (map[string][]byte, error) { return nil, nil }
	train := &Kind[struct{}]{Name: "train", Outputs: []string{"weights"}, Portable: true, Run: nothing}
	figure := &Kind[struct{}]{Name: "figure", Outputs: []string{"svg"}, Run: nothing}
	for name, k := range map[string]*Kind[struct{}]{"train[mnist, h=16]": train, "figure[a&b]": figure} {
		if _, err := Add(g, k, Node{Name: name}, struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	d1, d2, d3 := cas.Sum([]byte("1")), cas.Sum([]byte("2")), cas.Sum([]byte("3"))
	results := map[string]map[string]Digest{"train[mnist, h=16]": {"weights": d1}, "figure[a&b]": {"svg": d2}}
	b := NewLockfile()
	b.Update(g, results)
	file := filepath.Join(t.TempDir(), "lock.json")
	if _, err := LoadLockfile(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := b.Save(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "format": 1,
  "results": {
    "figure[a&b] svg": {"` + runtime.GOARCH + `":"` + d2.String() + `"},
    "train[mnist, h=16] weights": "` + d1.String() + `"
  }
}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	b, err = LoadLockfile(file)
	if err != nil || len(b.results) != 2 {
		t.Fatalf("%d results, %v", len(b.results), err)
	}
	if diff := cmp.Diff(string(text), string(b.Encode())); diff != "" {
		t.Error(diff)
	}
	if found := b.Compare(results); len(found) != 0 {
		t.Errorf("differences %v", found)
	}
	found := b.Compare(map[string]map[string]Digest{"train[mnist, h=16]": {"weights": d3}, "new": {"x": d1}})
	if diff := cmp.Diff([]Difference{
		{Missing, "figure[a&b]", "svg", d2, Digest{}},
		{New, "new", "x", Digest{}, d1},
		{Changed, "train[mnist, h=16]", "weights", d1, d3},
	}, found); diff != "" {
		t.Error(diff)
	}

	// What another platform expects neither counts here nor is lost.
	other := strings.Replace(string(text), `"`+runtime.GOARCH+`"`, `"other"`, 1)
	if err := os.WriteFile(file, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err = LoadLockfile(file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Difference{{Unknown, "figure[a&b]", "svg", Digest{}, d2}}, b.Compare(results)); diff != "" {
		t.Error(diff)
	}
	b.Update(g, results)
	if !strings.Contains(string(b.Encode()), `"other":"`+d2.String()+`"`) || len(b.Compare(results)) != 0 {
		t.Errorf("after an update:\n%s", b.Encode())
	}
	b.Params, b.Code = map[string]string{"train.epochs": "2", "data.objects": "600"}, map[string]Digest{"internal/kernel": d3}
	if err := b.Save(file); err != nil {
		t.Fatal(err)
	}
	back, err := LoadLockfile(file)
	if err != nil || !cmp.Equal(b.Params, back.Params) || !cmp.Equal(b.Code, back.Code) {
		t.Errorf("made with %v, %v, want %v, %v (%v)", back.Params, back.Code, b.Params, b.Code, err)
	}
	if params, err := LockfileParams(file); err != nil || !cmp.Equal(b.Params, params) {
		t.Errorf("params alone %v, want %v (%v)", params, b.Params, err)
	}
	n := 0
	for range b.Digests {
		n++
	}
	if n != 3 {
		t.Errorf("%d digests", n)
	}
	without := NewGraph(nil)
	if _, err := Add(without, train, Node{Name: "train[mnist, h=16]"}, struct{}{}); err != nil {
		t.Fatal(err)
	}
	b.Retain(without)
	if len(b.results) != 1 {
		t.Errorf("%d results are left", len(b.results))
	}
}

func TestLoadLockfileErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock.json")
	for _, c := range []struct {
		text, want string
		params     string // the error where only the params are read, "" for none
	}{
		{`{"format": 2, "results": {}}`, "unsupported format 2 (want 1)", "unsupported format 2 (want 1)"},
		{`{"format": 1, "results": {"a b": "12"}}`, `result "a b": digest "12"`, ""},
		{`{"format": 1, "results": {"a": "12"}}`, "want a stage, a space and an output", ""},
		{`{"format": 1, "result": {}}`, `unknown field "result"`, ""},
		{`{"format": 1, "results": {"a b": [1]}}`, `result "a b"`, ""},
		{`{"format": 1, "results": {"a b": {"x":1}}`, "unexpected EOF", "unexpected end"},
		{`{"format": 1, "params": {"a": 1}}`, "cannot unmarshal number", "cannot unmarshal number"},
		{``, "EOF", "unexpected end"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadLockfile(file); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, want %q", c.text, err, c.want)
		}
		_, err := LockfileParams(file)
		if c.params == "" && err != nil || c.params != "" && (err == nil || !strings.Contains(err.Error(), c.params) || !strings.Contains(err.Error(), file)) {
			t.Errorf("%s: error %v where only the params are read, want %q", c.text, err, c.params)
		}
	}
}
