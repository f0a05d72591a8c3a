package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
)

// jsonForms are the types that the verbs write with --json, except curvature and
// samplesize, whose names are about the networks that they measure.
var jsonForms = map[string]any{
	"repro": summary{}, "status": statusValue{}, "explain": []explainValue{}, "logs": []logValue{}, "runs": []runValue{},
	"check": baseline.Report{}, "verify": verifyReport{}, "diff": baseline.Difference{},
	"export": exportValue{}, "gc": gcReport{}, "doctor": []finding{},
}

// shape is the form of a JSON value.
type shape struct {
	kind   string // string, number, number or null, boolean, list, map or object
	of     *shape // of the elements of a list or map
	fields []shapeField
}

type shapeField struct {
	name     string
	optional bool
	shape    shape
}

var textType = reflect.TypeFor[encoding.TextMarshaler]()

// shapeOf returns the form in which encoding/json writes a type.
func shapeOf(t reflect.Type) shape {
	switch {
	case t.Implements(textType):
		return shape{kind: "string"}
	case t == reflect.TypeFor[measured.Gaps]():
		return shape{kind: "list", of: &shape{kind: "number or null"}}
	case t.Kind() == reflect.Pointer:
		s := shapeOf(t.Elem())
		if s.kind == "number" {
			s.kind = "number or null"
		}
		return s
	}
	switch t.Kind() {
	case reflect.String:
		return shape{kind: "string"}
	case reflect.Bool:
		return shape{kind: "boolean"}
	case reflect.Slice:
		of := shapeOf(t.Elem())
		return shape{kind: "list", of: &of}
	case reflect.Map:
		of := shapeOf(t.Elem())
		return shape{kind: "map", of: &of}
	case reflect.Struct:
		s := shape{kind: "object"}
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" {
				continue
			}
			if f.Anonymous && name == "" {
				s.fields = append(s.fields, shapeOf(f.Type).fields...)
				continue
			}
			if name == "" {
				panic(fmt.Sprintf("%v.%s has no name in JSON", t, f.Name))
			}
			of := shapeOf(f.Type)
			optional := options != ""
			if optional && of.kind == "number or null" {
				of.kind = "number"
			}
			s.fields = append(s.fields, shapeField{name, optional, of})
		}
		return s
	}
	return shape{kind: "number"}
}

// String writes a form as the documentation does.
func (s shape) String() string {
	switch s.kind {
	case "list":
		return "[" + s.of.String() + "]"
	case "map":
		return "{*: " + s.of.String() + "}"
	case "object":
		fields := make([]string, len(s.fields))
		for i, f := range s.fields {
			fields[i] = f.name
			if f.optional {
				fields[i] += "?"
			}
			if text := f.shape.String(); text != "…" {
				fields[i] += ": " + text
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return "…"
}

// word names the type of a field.
func (s shape) word() string {
	switch s.kind {
	case "list":
		return "list of " + s.of.word() + "s"
	case "map":
		return "object of " + s.of.word() + "s"
	}
	return s.kind
}

// check compares a value with its form.
func (s shape) check(t *testing.T, path string, value any) {
	switch v := value.(type) {
	case nil:
		if s.kind != "number or null" {
			t.Errorf("%s is null, want a %s", path, s.kind)
		}
	case []any:
		if s.kind != "list" {
			t.Fatalf("%s is a list, want a %s", path, s.kind)
		}
		for _, x := range v {
			s.of.check(t, path+"[]", x)
		}
	case map[string]any:
		if s.kind == "map" {
			for name, x := range v {
				s.of.check(t, path+"."+name, x)
			}
			return
		}
		for _, f := range s.fields {
			x, ok := v[f.name]
			if ok {
				f.shape.check(t, path+"."+f.name, x)
			} else if !f.optional {
				t.Errorf("%s has no field %s", path, f.name)
			}
			delete(v, f.name)
		}
		for name := range v {
			t.Errorf("%s has a field %s that is not documented", path, name)
		}
	default:
		kind := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number"}[reflect.TypeOf(v).Kind()]
		if kind != s.kind && kind+" or null" != s.kind {
			t.Errorf("%s is a %s, want a %s", path, kind, s.kind)
		}
	}
}

// words collects the type of each name, and complains of names with two.
func (s shape) words(t *testing.T, verb string, known map[string]string) {
	if s.of != nil {
		s.of.words(t, verb, known)
	}
	for _, f := range s.fields {
		word := f.shape.word()
		if have, ok := known[f.name]; ok && have != word && have+" or null" != word && have != word+" or null" {
			t.Errorf("%s: %s is a %s, and a %s elsewhere", verb, f.name, word, have)
		}
		if len(word) > len(known[f.name]) {
			known[f.name] = word
		}
		f.shape.words(t, verb, known)
	}
}

// TestJSONDocumented compares docs/formats.md with the types that the verbs write:
// the form of each verb, and one type and one meaning for each name.
func TestJSONDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n# JSON of the verbs\n")
	if !ok {
		t.Fatal("docs/formats.md has no section JSON of the verbs")
	}
	section, _, _ = strings.Cut(section, "\n# ")
	verbs, names := make(map[string]string), make(map[string]string)
	verb := ""
	for line := range strings.Lines(section) {
		line = strings.TrimRight(line, "\n")
		switch cells := strings.Split(line, " | "); {
		case strings.HasPrefix(line, "        "): // the form goes on
			verbs[verb] += " " + strings.TrimSpace(line)
		case strings.HasPrefix(line, "    "):
			name, form, _ := strings.Cut(strings.TrimSpace(line), " ")
			verb, verbs[name] = name, strings.TrimSpace(form)
		case strings.HasPrefix(line, "| `") && len(cells) == 3:
			name := strings.Trim(cells[0], "|` ")
			if names[name] != "" {
				t.Errorf("%s is documented twice", name)
			}
			names[name] = cells[1]
		}
	}
	want, known := make(map[string]string), make(map[string]string)
	forms := maps.Clone(jsonForms)
	forms["events"] = eventValue{} // of repro --progress=json
	for verb, value := range forms {
		s := shapeOf(reflect.TypeOf(value))
		want[verb] = s.String()
		s.words(t, verb, known)
	}
	want["curvature"] = shapeOf(reflect.TypeFor[measured.Value]()).String()
	want["samplesize"] = shapeOf(reflect.TypeFor[[]neededValue]()).String()
	if diff := cmp.Diff(want, verbs); diff != "" {
		t.Errorf("forms (-written +documented):\n%s", diff)
	}
	if diff := cmp.Diff(known, names); diff != "" {
		t.Errorf("names (-written +documented):\n%s", diff)
	}
}

// TestJSONOutput compares what the verbs write with the documented forms.
func TestJSONOutput(t *testing.T) {
	base, noData := baseRuns()
	if noData != nil {
		t.Skipf("no source of MNIST is in reach: %v", noData)
	}
	t.Run("curvature", func(t *testing.T) {
		t.Parallel()
		var g goldenNetwork
		readTestdata(t, "curvature_small.json", &g)
		args := append([]string{"curvature", "--json", "--per-object", "5", "--increments", "2,5", "--bounds", "--density", "5x2",
			"--store", filepath.Join(t.TempDir(), "store")}, g.write(t, t.TempDir())...)
		wantForm(t, "curvature", args, measured.Value{})
	})
	for verb, value := range jsonForms {
		calls := slices.Clone(verbCalls[verb])
		if !slices.Contains(calls[0], "--json") {
			t.Fatalf("%s: the first call does not write JSON", verb)
		}
		calls = calls[:1]
		switch verb { // results that differ, are missing, or fail have further fields
		case "repro":
			calls = append(calls, []string{"--json", "-q", "--set", "train.epochs=1"}, []string{"--json", "-q", "--set", "train.learning_rate=10"})
		case "status", "check", "explain", "diff":
			changed := append(slices.Clone(calls[0]), "--set", "train.epochs=1")
			if verb == "diff" {
				changed = []string{"last", "last~1", "--json"}
			}
			calls = append(calls, changed)
		}
		for _, call := range calls {
			args := verbArgs(t, base, verb, call)
			t.Run(strings.Join(append([]string{verb}, call...), " "), func(t *testing.T) {
				t.Parallel()
				wantForm(t, verb, args, value)
			})
		}
	}
}

// wantForm runs a verb and compares what it writes with the form of a value.
func wantForm(t *testing.T, verb string, args []string, value any) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), newApp(&stdout, &stderr, noEnv), args)
	var have any
	if err := json.Unmarshal(stdout.Bytes(), &have); err != nil {
		t.Fatalf("exit code %d, %v\n%s\n%s", code, err, &stdout, &stderr)
	}
	shapeOf(reflect.TypeOf(value)).check(t, verb, have)
}
