package stages

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/object"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

func someShape(objects int, widths ...int) userfiles.Shape {
	return userfiles.Shape{Objects: objects, Widths: widths, Layers: make([]string, len(widths)-1)}
}

// TestIncrementGroups: every size is in one group, in its order, and no group
// is empty or grows without limit.
func TestIncrementGroups(t *testing.T) {
	var sizes []int
	for k := 1; k < 10_000; k++ {
		sizes = append(sizes, k)
	}
	for _, s := range []userfiles.Shape{someShape(10_000, 784, 16, 16, 10), someShape(10_000, 3, 2), someShape(10_000, 3072, 512, 512, 100)} {
		groups := incrementGroups(sizes, 3, s, usual)
		if diff := cmp.Diff(sizes, slices.Concat(groups...)); diff != "" {
			t.Errorf("%v: sizes (-want +got):\n%s", s.Widths, diff)
		}
		for _, g := range groups {
			if len(g) == 0 {
				t.Errorf("%v: an empty group", s.Widths)
			}
		}
		t.Logf("%v: %d groups, the last of %d sizes", s.Widths, len(groups), len(groups[len(groups)-1]))
	}
	if n := len(incrementGroups(sizes, 0, someShape(10_000, 3, 2), usual)); n != 1 {
		t.Errorf("a small network is cut into %d groups, want 1", n)
	}
	if n := len(incrementGroups(sizes, 0, someShape(10_000, 784, 64, 64, 10), usual)); n < 1000 {
		t.Errorf("hours of work are cut into %d groups only", n)
	}
}

// TestCurvatureGraph asks for everything of a network whose objects take many
// actions: each object is in one of them.
func TestCurvatureGraph(t *testing.T) {
	sources, err := codehash.New(landscape.Sources(), landscape.Module)
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Hasher: sources}
	shape := someShape(10_000, 784, 256, 256, 256, 10)
	request := CurvatureRequest{
		Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-6, Exact: 4000, PerObject: All, Increments: []int{1, 10, 2999},
		Bounds: true, Steps: 10, Probes: 2, Figures: true,
	}
	first, err := NewCurvature(request, nil, userfiles.Files{}, env)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(first.Graph.Stages()); n != 1 || first.Shape.Stage == nil {
		t.Errorf("without a shape there are %d stages, want the files alone", n)
	}
	c, err := NewCurvature(request, &shape, userfiles.Files{}, env)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range c.Graph.Stages() {
		count[s.Kind()]++
	}
	for _, kind := range []string{"userfiles", "operator", "blocks", "structure", "density", "wholeobjects", "objectbounds", "bounds", "increments", "joined", "surfaces", "figures"} {
		if count[kind] == 0 {
			t.Errorf("there is no stage %s", kind)
		}
	}
	size := hessianObjects(shape, usual)
	if most := normObjects(shape, usual); size >= most || most >= shape.Objects {
		t.Fatalf("%d spectra and %d norms of %d objects fit into one action: not all is cut", size, most, shape.Objects)
	}
	if c.Hessians.Stage.Kind() != "wholeobjects" || c.Objects.Stage != c.Hessians.Stage || count["largest"] > 0 {
		t.Errorf("the objects are at %v and %v; %d stages choose some, want none", c.Objects.Stage, c.Hessians.Stage, count["largest"])
	}
	inRanges(t, c, map[string]int{"norms": shape.Objects, "hessians": shape.Objects, "bounds": shape.Objects})

	request.PerObject = size + 1
	if c, err = NewCurvature(request, &shape, userfiles.Files{}, env); err != nil {
		t.Fatal(err)
	}
	if inputs := c.Objects.Stage.Inputs(); len(inputs) != 3 {
		t.Errorf("%v has %d inputs, want norms, the objects with the largest bounds, and their spectra", c.Objects.Stage, len(inputs))
	}
	inRanges(t, c, map[string]int{"norms": shape.Objects, "hessians": request.PerObject, "bounds": shape.Objects})
	shape.Objects, request.PerObject, request.Increments = size+1, size, nil
	if c, err = NewCurvature(request, &shape, userfiles.Files{}, env); err != nil {
		t.Fatal(err)
	}
	if c.Objects.Stage.Kind() != "objects" {
		t.Errorf("%d spectra fit into one action, and are at %v", size, c.Objects.Stage)
	}
	again, err := NewCurvature(CurvatureRequest{Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-6, Exact: 4000}, new(someShape(3000, 784, 16, 10)), userfiles.Files{}, env)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.Graph.Stages()); n != 2 || again.Objects.Stage != nil || again.Bounds.Stage != nil {
		t.Errorf("asked for spectra alone of a small network there are %d stages, want 2", n)
	}
}

// inRanges checks that each of the first so many objects is in one range of the
// form, and that no range is longer than half a minute.
func inRanges(t *testing.T, c *CurvatureGraph, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, s := range c.Graph.Stages() {
		if s.Kind() != "objectbounds" {
			continue
		}
		params := map[string]string{}
		for _, f := range s.Params() {
			params[f.Path] = f.Value
		}
		form := strings.Trim(params["form"], `"`)
		from, _ := strconv.Atoi(params["from"])
		to, _ := strconv.Atoi(params["to"])
		work := c.Work[s]
		if from != got[form] || to <= from || work.Norms+work.Hessians+work.Bounds != float64(to-from) {
			t.Errorf("%s: a range from %d to %d after %d objects, for %+v", form, from, to, got[form], work)
		}
		got[form] = to
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects in ranges (-want +got):\n%s", diff)
	}
}

// TestSpectrumParts: a network whose spectrum and density would take long has
// all of their parts, each once, and none of them takes long but an operator.
func TestSpectrumParts(t *testing.T) {
	env := testEnv(t)
	shape := someShape(10_000, 784, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 10)
	request := CurvatureRequest{Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-9, Exact: 4000, Steps: 80, Probes: 10}
	c, err := NewCurvature(request, &shape, userfiles.Files{}, env)
	if err != nil {
		t.Fatal(err)
	}
	pairs, probes, operators := map[string][]int{}, []int{}, []string{}
	for _, s := range c.Graph.Stages() {
		work, ok := c.Work[s]
		if s.Kind() != "userfiles" && s.Kind() != "joined" && (!ok || work == Work{}) {
			t.Errorf("nothing is known of the work of %v", s)
		}
		params := map[string]string{}
		for _, f := range s.Params() {
			params[f.Path] = f.Value
		}
		from, _ := strconv.Atoi(params["from"])
		to, _ := strconv.Atoi(params["to"])
		switch s.Kind() {
		case "operator":
			operators = append(operators, params["term"])
			continue
		case "blocks":
			for i := from; i < to; i++ {
				pairs[params["term"]] = append(pairs[params["term"]], i)
			}
		case "density":
			for i := from; i < to; i++ {
				probes = append(probes, i)
			}
		}
		if work.operations(shape) > usual.products {
			t.Errorf("%v takes %.2g operations, want at most %.2g", s, work.operations(shape), usual.products)
		}
	}
	all := object.Spread(len(curvature.LayerPairs(12)), 0)
	if diff := cmp.Diff(map[string][]int{"H": all, "G": all}, pairs); diff != "" {
		t.Errorf("pairs of layers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(object.Spread(10, 0), probes); diff != "" {
		t.Errorf("probes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"H", "G", "R"}, operators); diff != "" {
		t.Errorf("operators (-want +got):\n%s", diff)
	}
	if c.Spectrum.Stage.Kind() != "structure" || c.Density.Stage.Kind() != "joined" || c.Rule.Stage.Kind() != "joined" {
		t.Errorf("the whole is at %v, %v and %v", c.Spectrum.Stage, c.Density.Stage, c.Rule.Stage)
	}
}

// TestGroupSize: no group is larger than an action may be, and all are used.
func TestGroupSize(t *testing.T) {
	for _, c := range []struct {
		each        float64
		count, want int
	}{
		{1, 10, 10}, {usual.products / 4, 10, 4}, {usual.products / 6, 10, 5}, {3 * usual.products, 10, 1}, {usual.products, 1, 1}, {0, 7, 7},
	} {
		if got := groupSize(c.each, usual.products, c.count); got != c.want {
			t.Errorf("%d things of %.2g operations: groups of %d, want %d", c.count, c.each, got, c.want)
		}
	}
}

// TestCurvatureMemory: what is asked for counts.
func TestCurvatureMemory(t *testing.T) {
	s := someShape(1000, 784, 64, 64, 10)
	plain := CurvatureMemory(CurvatureRequest{}, s)
	if with := CurvatureMemory(CurvatureRequest{Steps: 3000, Probes: 1}, s); with < plain+1500*int64(s.Parameters())*8 {
		t.Errorf("with 3000 steps of a probe %d bytes, without %d", with, plain)
	}
	small := someShape(10, 784, 8, 10)
	if with := CurvatureMemory(CurvatureRequest{Exact: 7000}, small); with < 4*6352*6352*8 {
		t.Errorf("with whole matrices of %d rows %d bytes", small.Parameters(), with)
	}
}
