package stages

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	landscape "github.com/landscape-pipe/landscape-pipe"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/objectbounds"
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
		groups := incrementGroups(sizes, s)
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
	if n := len(incrementGroups(sizes, someShape(10_000, 3, 2))); n != 1 {
		t.Errorf("a small network is cut into %d groups, want 1", n)
	}
	if n := len(incrementGroups(sizes, someShape(10_000, 784, 64, 64, 10))); n < 1000 {
		t.Errorf("hours of work are cut into %d groups only", n)
	}
}

// TestCurvatureGraph asks for everything of a network whose objects take many
// actions: each object is in one of them.
func TestCurvatureGraph(t *testing.T) {
	sources, err := pipeline.NewSources(landscape.Sources(), landscape.Module)
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Sources: sources}
	shape := someShape(3000, 784, 256, 256, 256, 10)
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
	for _, kind := range []string{"userfiles", "spectra", "density", "objects", "objectbounds", "bounds", "increments", "joined", "surfaces", "landscapes"} {
		if count[kind] == 0 {
			t.Errorf("there is no stage %s", kind)
		}
	}
	size := hessianObjects(shape)
	if size >= shape.Objects {
		t.Fatalf("all %d objects fit into one action: nothing is cut", shape.Objects)
	}
	for what, o := range map[string]CurvatureOutput{"Hessians": c.Hessians, "bounds": c.ObjectBounds} {
		parts := 0
		if o.Stage.Kind() == "joined" {
			parts = len(o.Stage.Inputs())
		} else if o.Output == objectbounds.Rows {
			parts = 1
		}
		want := (shape.Objects + size - 1) / size
		if what == "bounds" {
			want = (shape.Objects + boundObjects(shape) - 1) / boundObjects(shape)
		}
		if parts != want {
			t.Errorf("%s: %d parts, want %d", what, parts, want)
		}
	}
	again, err := NewCurvature(CurvatureRequest{Name: "net", Top: 20, Bottom: 20, Tolerance: 1e-6, Exact: 4000}, &shape, userfiles.Files{}, env)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.Graph.Stages()); n != 2 || again.Objects.Stage != nil || again.Bounds.Stage != nil {
		t.Errorf("asked for spectra alone there are %d stages, want 2", n)
	}
}
