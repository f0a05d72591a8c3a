package stages

import (
	"errors"
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/landscapes"
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
	landscapes   *pipeline.Kind[landscapes.Params]
}

func newCurvatureKinds(r CurvatureRequest, shape *userfiles.Shape, files userfiles.Files, env Env) (*curvatureKinds, error) {
	if env.Sources == nil {
		return nil, errors.New("stages: no sources to hash the code of")
	}
	var memory, densityMemory int64
	if shape != nil {
		memory, densityMemory = curvatureMemory(*shape, r.Exact), probesMemory(*shape, r.limits(), r.Steps, r.Probes)
	}
	k := &curvatureKinds{
		spectrumKinds: newSpectrumKinds(memory, densityMemory),
		userfiles: &pipeline.Kind[userfiles.Params]{
			Name: "userfiles", Portable: true, Memory: 64 << 20,
			Outputs: []string{userfiles.Images, userfiles.Labels, userfiles.Weights, userfiles.Summary},
			Run:     files.Run,
		},
		objects: &pipeline.Kind[objects.Params]{
			Name: "objects", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.Run,
		},
		largest: &pipeline.Kind[objects.Params]{
			Name: "largest", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{objects.Largest},
			Run:     objects.RunLargest,
		},
		wholeobjects: &pipeline.Kind[objects.Params]{
			Name: "wholeobjects", Portable: true,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.RunWhole,
		},
		objectbounds: &pipeline.Kind[objectbounds.Params]{
			Name: "objectbounds", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{objectbounds.Rows},
			Run:     objectbounds.Run,
		},
		bounds: &pipeline.Kind[bounds.Params]{
			Name: "bounds", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{bounds.Bounds},
			Run:     bounds.Run,
		},
		increments: &pipeline.Kind[increments.Params]{
			Name: "increments", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{increments.Increments, increments.Table},
			Run:     increments.Run,
		},
		surfaces: &pipeline.Kind[surfaces.Params]{
			Name: "surfaces", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{surfaces.Lines, surfaces.EigenPlane, surfaces.RandomPlane, surfaces.Summary},
			Run:     surfaces.Run,
		},
		landscapes: &pipeline.Kind[landscapes.Params]{
			Name: "landscapes", Memory: 128 << 20,
			Outputs: []string{landscapes.OutputSVG, landscapes.OutputPDF, landscapes.OutputPNG},
			Run:     landscapes.Run,
		},
	}
	return k, hashCode(env.Sources, append(k.spectrumKinds.code(), []kindCode{
		{"userfiles", &k.userfiles.Code},
		{"objects", &k.objects.Code},
		{"largest", &k.largest.Code},
		{"wholeobjects", &k.wholeobjects.Code},
		{"objectbounds", &k.objectbounds.Code},
		{"bounds", &k.bounds.Code},
		{"increments", &k.increments.Code},
		{"surfaces", &k.surfaces.Code},
		{"landscapes", &k.landscapes.Code},
	}...))
}

// layersText writes widths as 784-16-16-10.
func layersText(s userfiles.Shape) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Widths), "[]"), " ", "-")
}
