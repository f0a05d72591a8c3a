package stages

import (
	"fmt"
	"maps"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/objectbounds"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// curvatureKinds are the kinds of [NewCurvature]. Those that New has, too, are
// the same actions: they have the same names, code and outputs.
type curvatureKinds struct {
	spectrumKinds
	userfiles    *pipeline.Kind[userfiles.Params]
	objects      *pipeline.Kind[objects.Params]
	largest      *pipeline.Kind[objects.Params]
	wholeobjects *pipeline.Kind[objects.Params]
	objectbounds *pipeline.Kind[objectbounds.Params]
	bounds       *pipeline.Kind[bounds.Params]
	increments   *pipeline.Kind[increments.Params]
	surfaces     *pipeline.Kind[surfaces.Params]
	figures      *pipeline.Kind[figures.Params]
}

func newCurvatureKinds(r CurvatureRequest, shape *userfiles.Shape, files userfiles.Files) *curvatureKinds {
	var memory, densityMemory int64
	if shape != nil {
		memory, densityMemory = curvatureMemory(*shape, r.Exact), probesMemory(*shape, r.limits(), r.Steps, r.Probes)
	}
	k := &curvatureKinds{
		spectrumKinds: newSpectrumKinds(memory, densityMemory),
		userfiles: &pipeline.Kind[userfiles.Params]{
			Name: "userfiles", Package: "stages/userfiles", Portable: true,
			Outputs: []string{userfiles.Images, userfiles.Labels, userfiles.Weights, userfiles.Summary},
			Run:     files.Run,
		},
		objects: &pipeline.Kind[objects.Params]{
			Name: "objects", Package: "stages/objects", Portable: true,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.Run,
		},
		largest: &pipeline.Kind[objects.Params]{
			Name: "largest", Package: "stages/objects", Portable: true,
			Outputs: []string{objects.Largest},
			Run:     objects.RunLargest,
		},
		wholeobjects: &pipeline.Kind[objects.Params]{
			Name: "wholeobjects", Package: "stages/objects", Portable: true,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.RunWhole,
		},
		objectbounds: &pipeline.Kind[objectbounds.Params]{
			Name: "objectbounds", Package: "stages/objectbounds", Portable: true,
			Outputs: []string{objectbounds.Rows},
			Run:     objectbounds.Run,
		},
		bounds: &pipeline.Kind[bounds.Params]{
			Name: "bounds", Package: "stages/bounds", Portable: true,
			Outputs: []string{bounds.Bounds},
			Run:     bounds.Run,
		},
		increments: &pipeline.Kind[increments.Params]{
			Name: "increments", Package: "stages/increments", Portable: true,
			Outputs: []string{increments.Increments, increments.Table},
			Run:     increments.Run,
		},
		surfaces: &pipeline.Kind[surfaces.Params]{
			Name: "surfaces", Package: "stages/surfaces", Portable: true,
			Outputs: []string{surfaces.Lines, surfaces.EigenPlane, surfaces.RandomPlane, surfaces.Summary},
			Run:     surfaces.Run,
		},
		figures: &pipeline.Kind[figures.Params]{
			Name: "figures", Package: "stages/figures",
			Outputs: []string{figures.OutputSVG, figures.OutputPDF, figures.OutputPNG},
			Run:     figures.Run,
		},
	}
	maps.Copy(k.needs, map[string]needs{
		"userfiles":    {1, 64 << 20},
		"objects":      {manyCores, memory},
		"largest":      {manyCores, memory},
		"objectbounds": {manyCores, memory},
		"bounds":       {manyCores, memory},
		"increments":   {manyCores, memory},
		"surfaces":     {manyCores, memory},
		"figures":      {1, 128 << 20},
	})
	return k
}

// layersText writes widths as 784-16-16-10.
func layersText(s userfiles.Shape) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Widths), "[]"), " ", "-")
}
