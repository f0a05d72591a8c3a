package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything has a field of every sort that can enter a key.
type everything struct {
	Bool         bool
	Int          int
	Small        int8
	Uint         uint32
	Float        float64
	Single       float32
	String       string
	Bytes        []byte
	Hash         [4]byte
	List         []string
	Array        [2]int
	Map          map[string]float64
	Nested       inner
	Rows         []inner
	Named        namedString
	LearningRate float64
}

type (
	inner       struct{ A, B int }
	namedString string
)

func something() everything {
	return everything{
		Bool: true, Int: -1, Small: 7, Uint: 1 << 31, Float: 0.1, Single: 0.1, String: "text",
		Bytes: []byte{0, 1}, Hash: [4]byte{1, 2, 3, 4}, List: []string{"a", ""}, Array: [2]int{1, 2},
		Map:    map[string]float64{"x": 1, "y": 2, "z": 3},
		Nested: inner{3, 4}, Rows: []inner{{1, 2}, {3, 4}}, Named: "name", LearningRate: 1e-3,
	}
}

// action1 describes one action in full.
type action1 struct {
	kind     string
	code     Digest
	outputs  []string
	portable bool
	params   everything
	inputs   map[string]string // name → content
}

func someAction() action1 {
	return action1{
		kind: "boil", code: cas.Sum([]byte("code")), outputs: []string{"soup", "steam"}, portable: true,
		params: something(), inputs: map[string]string{"leek": "green", "carrot": "orange"},
	}
}

// manifest returns the manifest that the engine makes of the action.
func (a action1) manifest(t testing.TB) []byte {
	t.Helper()
	g := NewGraph(nil)
	source := &Kind[sumParams]{Name: "source", Outputs: []string{"out"}, Run: newKitchen().run}
	n := Node{Name: "any name", Labels: []Label{{"any", "label"}}, Inputs: make(map[string]Output)}
	for name := range a.inputs { // in any order
		s, err := Add(g, source, Node{Name: name}, sumParams{})
		if err != nil {
			t.Fatal(err)
		}
		n.Inputs[name] = s.Out("out")
	}
	k := &Kind[everything]{
		Name: a.kind, Code: a.code, Outputs: a.outputs, Portable: a.portable,
		Run: func(context.Context, everything, *Task) (map[string][]byte, error) { return nil, nil },
	}
	s, err := Add(g, k, n, a.params)
	if err != nil {
		t.Fatal(err)
	}
	p := mustPlan(t, g, newStore(), Options{})
	for _, in := range s.inputs {
		p.outputs(in.From.index)[0].digest = cas.Sum([]byte(a.inputs[in.Name]))
	}
	return bytes.Clone(p.manifest(s))
}

func (a action1) key(t testing.TB) Key { return Key{cas.Sum(a.manifest(t))} }

// The bytes that the plan hashes are those that [json.Marshal] makes of the
// manifest, whatever the characters of names and params.
func TestManifestIsCanonicalJSON(t *testing.T) {
	strange := someAction()
	strange.kind, strange.outputs = `a "kind" & <more>`, []string{"soup<\u2028>", "é"}
	strange.params.String = "\b\f\n\t\\\"\x00\x7f<>&é\u2028"
	strange.params.Map = map[string]float64{"<\b>": 1e300, "z": -0.5e-300}
	strange.inputs = map[string]string{`a"b`: "1", "a<b": "2", "ä": "3", "a b": "4", "a\x01": "5"}
	bare := action1{kind: "boil", outputs: []string{"soup"}}
	for _, a := range []action1{someAction(), strange, bare} {
		text := a.manifest(t)
		m, err := decodeManifest(a.key(t), text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), string(again)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestManifestFields(t *testing.T) {
	a := someAction()
	m, err := decodeManifest(a.key(t), a.manifest(t))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range m.fields() {
		fmt.Fprintf(&b, "%s = %s\n", f.Path, f.Value)
	}
	golden(t, "manifest.txt", []byte(b.String()))
}

// The keys of a few actions. If this test fails, every result in every store
// is forgotten: raise keyFormat, and only then -update. Go has changed how it
// escapes \b and \f before.
func TestGoldenKeys(t *testing.T) {
	var b strings.Builder
	full := someAction()
	bare := action1{kind: "boil", outputs: []string{"soup"}, portable: true}
	escaped := someAction()
	escaped.params.String = "\b\f<>&\u2028"
	for _, c := range []struct {
		name   string
		action action1
	}{{"full", full}, {"bare", bare}, {"escaped", escaped}} {
		fmt.Fprintf(&b, "%s %s\n", c.action.key(t), c.name)
	}
	golden(t, "keys.txt", []byte(b.String()))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-update rewrites it): %s", file, diff)
	}
}

func TestEveryFieldEntersTheKey(t *testing.T) {
	perturb := map[string]func(*action1){
		"kind":          func(a *action1) { a.kind += "s" },
		"code":          func(a *action1) { a.code[31]++ },
		"outputs":       func(a *action1) { a.outputs = []string{"soup"} },
		"output name":   func(a *action1) { a.outputs = []string{"soup", "stea"} },
		"platform":      func(a *action1) { a.portable = false },
		"input content": func(a *action1) { a.inputs["leek"] = "brown" },
		"input name":    func(a *action1) { a.inputs = map[string]string{"leak": "green", "carrot": "orange"} },
		"inputs":        func(a *action1) { delete(a.inputs, "leek") },
		"swapped":       func(a *action1) { a.inputs = map[string]string{"leek": "orange", "carrot": "green"} },
		"bool":          func(a *action1) { a.params.Bool = false },
		"int":           func(a *action1) { a.params.Int++ },
		"int sign":      func(a *action1) { a.params.Int = 1 },
		"small":         func(a *action1) { a.params.Small = -7 },
		"uint":          func(a *action1) { a.params.Uint++ },
		"float":         func(a *action1) { a.params.Float = math.Nextafter(0.1, 1) },
		"single":        func(a *action1) { a.params.Single = math.Nextafter32(0.1, 1) },
		"zero":          func(a *action1) { a.params.Float = 0 },
		"minus zero":    func(a *action1) { a.params.Float = math.Copysign(0, -1) },
		"nil":           func(a *action1) { a.params.List = nil },
		"empty":         func(a *action1) { a.params.List = []string{} },
		"string":        func(a *action1) { a.params.String += "\x00" },
		"bytes":         func(a *action1) { a.params.Bytes = []byte{1, 0} },
		"hash":          func(a *action1) { a.params.Hash[3]++ },
		"list":          func(a *action1) { a.params.List = []string{"", "a"} },
		"list joined":   func(a *action1) { a.params.List = []string{"a"} },
		"array":         func(a *action1) { a.params.Array = [2]int{2, 1} },
		"map value":     func(a *action1) { a.params.Map["x"] = 4 },
		"map key":       func(a *action1) { a.params.Map["w"] = 1; delete(a.params.Map, "x") },
		"nested":        func(a *action1) { a.params.Nested = inner{4, 3} },
		"rows":          func(a *action1) { a.params.Rows[1].B = 5 },
		"row count":     func(a *action1) { a.params.Rows = a.params.Rows[:1] },
		"named":         func(a *action1) { a.params.Named = "" },
		"learning rate": func(a *action1) { a.params.LearningRate *= 2 },
	}
	seen := map[string]string{string(someAction().manifest(t)): "nothing"}
	for what, change := range perturb {
		a := someAction()
		change(&a)
		m := string(a.manifest(t))
		if other, ok := seen[m]; ok {
			t.Errorf("change of %s gives the same manifest as change of %s", what, other)
		}
		seen[m] = what
	}
}

func TestWhatDoesNotEnterTheKey(t *testing.T) {
	want := someAction().manifest(t)
	for what, change := range map[string]func(*action1){
		"order of a map": func(a *action1) {
			a.params.Map = map[string]float64{"z": 3}
			a.params.Map["y"] = 2
			a.params.Map["x"] = 1
		},
		"order of outputs": func(a *action1) { a.outputs = []string{"steam", "soup"} },
		"order of inputs":  func(a *action1) {}, // manifest adds them in the order of a map
	} {
		for range 8 {
			a := someAction()
			change(&a)
			if !bytes.Equal(a.manifest(t), want) {
				t.Errorf("%s gives another manifest", what)
			}
		}
	}
}

func FuzzDecodeManifest(f *testing.F) {
	f.Add(someAction().manifest(f))
	f.Add([]byte(`{"format":2,"params":{"A":[1,{}]},"inputs":{"x":"00"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := decodeManifest(Key{cas.Sum(text)}, text); err == nil {
			m.fields()
		}
	})
}

func TestDecodeManifestRefuses(t *testing.T) {
	a := someAction()
	good := a.manifest(t)
	for cut := range good {
		if _, err := decodeManifest(a.key(t), good[:cut]); err == nil {
			t.Fatalf("cut at %d is accepted", cut)
		}
	}
	if _, err := decodeManifest(a.key(t), append(bytes.Clone(good), ' ')); err == nil {
		t.Error("a byte too many is accepted")
	}
	old := bytes.Replace(good, []byte(`"format":2`), []byte(`"format":1`), 1)
	if _, err := decodeManifest(Key{cas.Sum(old)}, old); err == nil || !strings.Contains(err.Error(), "unsupported format 1 (want 2)") {
		t.Errorf("format 1: error %v", err)
	}
}
