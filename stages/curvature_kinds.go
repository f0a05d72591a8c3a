package stages

import (
	"errors"
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/joined"
	"github.com/landscape-pipe/landscape-pipe/stages/landscapes"
	"github.com/landscape-pipe/landscape-pipe/stages/objectbounds"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// curvatureKinds are the kinds of [NewCurvature]. Those that New has, too, are
// the same actions: they have the same names, code and outputs.
type curvatureKinds struct {
	userfiles    *pipeline.Kind[userfiles.Params]
	spectra      *pipeline.Kind[spectra.Params]
	density      *pipeline.Kind[density.Params]
	objects      *pipeline.Kind[objects.Params]
	objectbounds *pipeline.Kind[objectbounds.Params]
	bounds       *pipeline.Kind[bounds.Params]
	increments   *pipeline.Kind[increments.Params]
	joined       *pipeline.Kind[joined.Params]
	surfaces     *pipeline.Kind[surfaces.Params]
	landscapes   *pipeline.Kind[landscapes.Params]
}

func newCurvatureKinds(shape *userfiles.Shape, files userfiles.Files, env Env) (*curvatureKinds, error) {
	if env.Sources == nil {
		return nil, errors.New("stages: no sources to hash the code of")
	}
	var memory int64
	if shape != nil {
		memory = CurvatureMemory(*shape)
	}
	k := &curvatureKinds{
		userfiles: &pipeline.Kind[userfiles.Params]{
			Name: "userfiles", Portable: true, Memory: 64 << 20,
			Outputs: []string{userfiles.Images, userfiles.Labels, userfiles.Weights, userfiles.Summary},
			Run:     files.Run,
		},
		spectra: &pipeline.Kind[spectra.Params]{
			Name: "spectra", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{spectra.Spectrum, spectra.Vectors},
			Run:     spectra.Run,
		},
		density: &pipeline.Kind[density.Params]{
			Name: "density", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{density.Rule, density.Density},
			Run:     density.Run,
		},
		objects: &pipeline.Kind[objects.Params]{
			Name: "objects", Portable: true, Cores: manyCores, Memory: memory,
			Outputs: []string{objects.Objects, objects.Hessians, objects.Summary},
			Run:     objects.Run,
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
		joined: &pipeline.Kind[joined.Params]{
			Name: "joined", Portable: true,
			Outputs: []string{joined.Whole},
			Run:     joined.Run,
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
	for _, kind := range []struct {
		name string
		code *pipeline.Digest
	}{
		{k.userfiles.Name, &k.userfiles.Code},
		{k.spectra.Name, &k.spectra.Code},
		{k.density.Name, &k.density.Code},
		{k.objects.Name, &k.objects.Code},
		{k.objectbounds.Name, &k.objectbounds.Code},
		{k.bounds.Name, &k.bounds.Code},
		{k.increments.Name, &k.increments.Code},
		{k.joined.Name, &k.joined.Code},
		{k.surfaces.Name, &k.surfaces.Code},
		{k.landscapes.Name, &k.landscapes.Code},
	} {
		var err error
		if *kind.code, err = env.Sources.Hash(CodeFolder(kind.name)); err != nil {
			return nil, fmt.Errorf("stages: code of %s: %w", kind.name, err)
		}
	}
	return k, nil
}

// layersText writes widths as 784-16-16-10.
func layersText(s userfiles.Shape) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Widths), "[]"), " ", "-")
}
