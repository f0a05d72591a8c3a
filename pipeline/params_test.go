package pipeline

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type recursive struct{ Next []recursive }

type Inner struct{ A int }

// addParams adds a stage with these params and returns the error.
func addParams[P any](p P) error {
	k := &Kind[P]{Name: "k", Outputs: []string{"out"}, Run: func(context.Context, P, *Task) (map[string][]byte, error) { return nil, nil }}
	_, err := Add(NewGraph(nil), k, Node{Name: "s"}, p)
	return err
}

func TestParamsThatCannotEnterAKey(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		err  error
		want string
	}{
		{addParams(struct{ Rate float64 }{nan}), "params.rate: a NaN"},
		{addParams(struct{ Rate float32 }{float32(nan)}), "params.rate: a NaN"},
		{addParams(struct{ Rows []struct{ Rate float64 } }{[]struct{ Rate float64 }{{1}, {nan}}}), "params.rows[1].rate: a NaN"},
		{addParams(struct{ M map[string]float64 }{map[string]float64{"lr": nan}}), "params.m.lr: a NaN"},
		{addParams(struct{ P *int }{}), "params.p: type *int cannot"},
		{addParams(struct{ F func() }{}), "params.f: type func() cannot"},
		{addParams(struct{ I any }{}), "params.i: type interface {} cannot"},
		{addParams(struct{ C chan int }{}), "params.c: type chan int cannot"},
		{addParams(struct{ Z complex128 }{}), "params.z: type complex128 cannot"},
		{addParams(struct{ M map[int]string }{}), "params.m: type map[int]string cannot enter a key: the keys"},
		{addParams(struct{ Deep struct{ L [][]error } }{}), "params.deep.l[][]: type error cannot"},
		{addParams(struct{ hidden int }{}), "params.hidden: the field is not exported"},
		{checkParams(reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`}, {Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
		})), `params.b: the field has the same name "x" in JSON as A`},
		{addParams(struct {
			A int `json:"-"`
		}{}), `params.a: the field has the tag json:"-"`},
		{addParams(struct{ Inner }{}), "params.inner: the field is embedded"},
		{addParams(struct{ M map[float64]string }{}), "params.m: type map[float64]string cannot enter a key: the keys"},
		{addParams(struct{ Rate float64 }{math.Inf(-1)}), "params.rate: an infinity"},
		{addParams(struct{ Names []string }{[]string{"a", "\xff"}}), `params.names[1]: the string "\xff" is not UTF-8`},
		{addParams(struct{ M map[string]int }{map[string]int{"\xff": 1}}), `the string "\xff" is not UTF-8`},
		{addParams(recursive{}), "contains itself"},
		{addParams(3), "params are int, want a struct"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want %q", c.err, c.want)
		}
	}
	if err := addParams(struct{}{}); err != nil {
		t.Errorf("no params: %v", err)
	}
	if err := addParams(struct{ S string }{`\ufffd and \x{FFFD} � are characters`}); err != nil {
		t.Errorf("a replacement character in a string: %v", err)
	}
}

func TestSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"LearningRate": "learning_rate", "EMA": "ema", "ImagesSHA256": "images_sha256", "NumLayers": "num_layers",
		"HTTPServer": "http_server", "Beta1": "beta1", "A": "a", "KFirst": "k_first", "Snake_Case": "snake_case",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// Params read back from the key as they were, and encode to the same bytes
// again.
func TestParamsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := everything{
			Bool: rapid.Bool().Draw(t, "bool"), Int: rapid.Int().Draw(t, "int"), Small: rapid.Int8().Draw(t, "small"),
			Uint: rapid.Uint32().Draw(t, "uint"), Float: rapid.Float64().Draw(t, "float"), Single: rapid.Float32().Draw(t, "single"),
			String: rapid.String().Draw(t, "string"), Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"),
			List: rapid.SliceOf(rapid.String()).Draw(t, "list"), Map: rapid.MapOf(rapid.String(), rapid.Float64()).Draw(t, "map"),
			Rows:  rapid.SliceOf(rapid.Custom(func(t *rapid.T) inner { return inner{rapid.Int().Draw(t, "a"), 0} })).Draw(t, "rows"),
			Named: namedString(rapid.String().Draw(t, "named")),
		}
		text, err := encodeParams(&p)
		if err != nil {
			t.Fatal(err)
		}
		var back everything
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, back); diff != "" {
			t.Fatal(diff)
		}
		again, err := encodeParams(&back)
		if err != nil || string(again) != string(text) {
			t.Fatalf("it encodes to other bytes: %v", err)
		}
	})
}

// A stage has params of its own: what it or the caller changes reaches nobody.
func TestParamsAreCopies(t *testing.T) {
	type params struct {
		List []int
		Map  map[string]int
		Zero float64
	}
	seen := 0
	k := &Kind[params]{Name: "k", Outputs: []string{"out"}, Run: func(_ context.Context, p params, _ *Task) (map[string][]byte, error) {
		seen++
		if diff := cmp.Diff(params{List: []int{1, 2}, Map: map[string]int{"a": 1}}, p); diff != "" || !math.Signbit(p.Zero) {
			t.Errorf("execution %d: %s", seen, diff)
		}
		p.List[0], p.Map["a"] = 7, 7
		return map[string][]byte{"out": nil}, nil
	}}
	p := params{List: []int{1, 2}, Map: map[string]int{"a": 1}, Zero: math.Copysign(0, -1)}
	g := NewGraph(nil)
	if _, err := Add(g, k, Node{Name: "s"}, p); err != nil {
		t.Fatal(err)
	}
	p.List[1], p.Map["b"] = 9, 9
	st := newStore()
	mustDo(t, g, st)
	mustRun(t, mustPlan(t, g, st, Options{Force: true}), RunOptions{})
	if seen != 2 {
		t.Errorf("%d executions", seen)
	}
}

// RoundTrip returns the params of a stage as they enter its key, and as what
// the stage receives would.
func RoundTrip(s *Stage) (sent, received []byte, err error) {
	p := reflect.New(s.kind.params).Interface()
	if err := json.Unmarshal(s.params, p); err != nil {
		return nil, nil, err
	}
	received, err = encodeParams(p)
	return s.params, received, err
}
