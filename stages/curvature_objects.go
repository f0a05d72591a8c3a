package stages

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/joined"
	"github.com/landscape-pipe/landscape-pipe/stages/objectbounds"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
)

// objects adds the norms of each object, and the spectra of their Hessians: in
// one action, or in several where that would take too long.
func (w *curvatureWiring) objects() error {
	if w.r.PerObject == 0 {
		return nil
	}
	all, limits := w.shape.Objects, w.r.limits()
	p, exact := objects.Params{Hessians: w.r.PerObject}, w.r.PerObject
	if exact == All || exact >= all {
		p.Hessians, exact = -1, all
	}
	node := func(kind string, inputs ...pipeline.Input) pipeline.Node {
		return w.node(kind, "", map[string]string{
			objects.Objects: "objects.npy", objects.Summary: "objects.json", objects.Hessians: "hessians.npy",
		}, inputs...)
	}
	var s *pipeline.Stage
	var err error
	if all <= normObjects(w.shape, limits) && exact <= hessianObjects(w.shape, limits) {
		if s, err = add(w.c.Graph, w.kinds.needs, w.kinds.objects, node("objects", w.of()...), p); err != nil {
			return err
		}
		w.added(s, Work{Norms: float64(all), Hessians: float64(exact)}.Plus(largestWork(exact, all)))
	} else {
		parts, err := w.objectParts(p, exact)
		if err != nil {
			return err
		}
		if s, err = add(w.c.Graph, w.kinds.needs, w.kinds.wholeobjects, node("wholeobjects", parts...), p); err != nil {
			return err
		}
	}
	w.c.Objects, w.c.ObjectSummary = CurvatureOutput{s, objects.Objects}, CurvatureOutput{s, objects.Summary}
	w.c.Hessians = CurvatureOutput{s, objects.Hessians}
	return nil
}

// objectParts adds what the stage wholeobjects reads, for the spectra of so
// many objects.
func (w *curvatureWiring) objectParts(p objects.Params, exact int) ([]pipeline.Input, error) {
	input := func(name string, o CurvatureOutput) pipeline.Input {
		return pipeline.Input{Name: name, From: o.Stage, Output: o.Output}
	}
	all, of := w.shape.Objects, w.of()
	norms, err := w.ranges(objectbounds.Norms, "", all, of)
	if err != nil {
		return nil, err
	}
	parts := []pipeline.Input{input(objects.Norms, norms)}
	if exact < all {
		s, err := add(w.c.Graph, w.kinds.needs, w.kinds.largest, w.node("largest", "", nil, append(w.of(), parts...)...), p)
		if err != nil {
			return nil, err
		}
		w.added(s, largestWork(exact, all))
		chosen := CurvatureOutput{s, objects.Largest}
		of, parts = append(of, input(objectbounds.Chosen, chosen)), append(parts, input(objects.Largest, chosen))
	}
	ends, err := w.ranges(objectbounds.Hessians, "", exact, of)
	return append(parts, input(objects.Ends, ends)), err
}

func (w *curvatureWiring) bounds() error {
	if !w.r.Bounds {
		return nil
	}
	var err error
	if w.c.ObjectBounds, err = w.ranges(objectbounds.Bounds, "object_bounds.npy", w.shape.Objects, w.of()); err != nil || w.shape.Objects < 2 {
		return err
	}
	p := bounds.DefaultParams()
	p.Objects, p.Top = 0, 0 // all objects, as ObjectBounds
	p.Increments = slices.DeleteFunc(p.Increments, func(k int) bool { return k >= w.shape.Objects })
	p.Seed = w.r.Seed
	s, err := add(w.c.Graph, w.kinds.needs, w.kinds.bounds, w.node("bounds", "", map[string]string{bounds.Bounds: "bounds.json"},
		append(w.of(), pipeline.Input{Name: bounds.Eigenvalues, From: w.eigenvalues.Stage, Output: w.eigenvalues.Output})...), p)
	some := float64(w.shape.Objects)
	w.added(s, Work{Products: 20, Norms: float64(w.shape.Objects), Hessians: some, Bounds: some})
	w.c.Bounds = CurvatureOutput{s, bounds.Bounds}
	return err
}

// ranges evaluates so many objects, those of the inputs, in as many actions as
// that takes. The rows go into the file, if there is one.
func (w *curvatureWiring) ranges(form, file string, count int, inputs []pipeline.Input) (CurvatureOutput, error) {
	size, each := boundObjects(w.shape, w.r.limits()), Work{Bounds: 1}
	switch form {
	case objectbounds.Hessians:
		size, each = hessianObjects(w.shape, w.r.limits()), Work{Hessians: 1}
	case objectbounds.Norms:
		size, each = normObjects(w.shape, w.r.limits()), Work{Norms: 1}
	}
	var parts []*pipeline.Stage
	for from := 0; from < count; from += size {
		p := objectbounds.Params{From: from, To: min(from+size, count), Form: form}
		detail, export := form, exported(objectbounds.Rows, file)
		if size < count {
			detail, export = fmt.Sprintf("%s=%d-%d", form, p.From, p.To-1), nil
		}
		s, err := add(w.c.Graph, w.kinds.needs, w.kinds.objectbounds, w.node("objectbounds", detail, export, inputs...), p)
		if err != nil {
			return CurvatureOutput{}, err
		}
		w.added(s, each.times(p.To-p.From))
		parts = append(parts, s)
	}
	return w.join(form, joined.Rows, parts, objectbounds.Rows, file)
}

// exported is where an output goes; nil where there is no file.
func exported(output, file string) map[string]string {
	if file == "" {
		return nil
	}
	return map[string]string{output: file}
}

// join puts parts together where there are several.
func (w *curvatureWiring) join(detail, form string, parts []*pipeline.Stage, output, file string) (CurvatureOutput, error) {
	if len(parts) == 1 {
		return CurvatureOutput{parts[0], output}, nil
	}
	inputs := make([]pipeline.Input, len(parts))
	for i, s := range parts {
		inputs[i] = pipeline.Input{Name: joined.Part(i), From: s, Output: output}
	}
	s, err := add(w.c.Graph, w.kinds.needs, w.kinds.joined, w.node("joined", detail, exported(joined.Whole, file), inputs...),
		joined.Params{Form: form, Parts: len(parts)})
	return CurvatureOutput{s, joined.Whole}, err
}
