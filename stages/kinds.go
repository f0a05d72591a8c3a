package stages

import (
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/layers"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/neededsize"
	"github.com/landscape-pipe/landscape-pipe/stages/normalise"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
	"github.com/landscape-pipe/landscape-pipe/stages/trajectory"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// The kinds of stages. Each has a function, the folder of its code and its
// outputs, whose bits are the same everywhere.
var (
	normaliseKind = pipeline.Kind[normalise.Params]{
		Name: "normalise", Package: "stages/normalise", Portable: true,
		Outputs: []string{normalise.Images}, Run: normalise.Run,
	}
	trainKind = pipeline.Kind[train.Params]{
		Name: "train", Package: "stages/train", Portable: true,
		Outputs: []string{train.Weights, train.History}, Run: train.Run,
	}
	trainUntilKind = pipeline.Kind[train.UntilParams]{
		Name: "train_until", Package: "stages/train", Portable: true,
		Outputs: []string{train.Weights, train.History, train.End}, Run: train.RunUntil,
	}
	lossesKind = pipeline.Kind[losses.Params]{
		Name: "losses", Package: "stages/losses", Portable: true,
		Outputs: []string{losses.Losses, losses.Summary}, Run: losses.Run,
	}
	heldOutKind = pipeline.Kind[losses.Params]{
		Name: "held_out", Package: "stages/losses", Portable: true,
		Outputs: []string{losses.Losses, losses.Summary}, Run: losses.Run,
	}
	heldOutCurveKind = pipeline.Kind[train.HeldOutParams]{
		Name: "held_out_curve", Package: "stages/train", Portable: true,
		Outputs: []string{train.HeldOutCurve}, Run: train.RunHeldOut,
	}
	differencesKind = pipeline.Kind[differences.Params]{
		Name: "differences", Package: "stages/differences", Portable: true,
		Outputs: []string{differences.Curve, differences.Band, differences.Summary}, Run: differences.Run,
	}
	snapshotsKind = pipeline.Kind[train.SnapshotParams]{
		Name: "snapshots", Package: "stages/train", Portable: true,
		Outputs: []string{train.Snapshots}, Run: train.RunSnapshots,
	}
	rotationKind = pipeline.Kind[rotation.Params]{
		Name: "rotation", Package: "stages/rotation", Portable: true,
		Outputs: []string{rotation.Rotation}, Run: rotation.Run,
	}
	trajectoryKind = pipeline.Kind[trajectory.Params]{
		Name: "trajectory", Package: "stages/trajectory", Portable: true,
		Outputs: []string{trajectory.Trajectory}, Run: trajectory.Run,
	}
	normsKind = pipeline.Kind[trajectory.NormsParams]{
		Name: "norms", Package: "stages/trajectory", Portable: true,
		Outputs: []string{trajectory.Norms}, Run: trajectory.RunNorms,
	}
	normsBatchKind = pipeline.Kind[trajectory.NormsParams]{
		Name: "norms_batch", Package: "stages/trajectory", Portable: true,
		Outputs: []string{trajectory.Norms}, Run: trajectory.RunNorms,
	}
	spectraKind = pipeline.Kind[spectra.Params]{
		Name: "spectra", Package: "stages/spectra", Portable: true,
		Outputs: []string{spectra.Spectrum, spectra.Eigenvalues, spectra.Vectors, spectra.Exact}, Run: spectra.Run,
	}
	layersKind = pipeline.Kind[layers.Params]{
		Name: "layers", Package: "stages/layers", Portable: true,
		Outputs: []string{layers.Layers, layers.Diagonals}, Run: layers.Run,
	}
	densityKind = pipeline.Kind[density.Params]{
		Name: "density", Package: "stages/density", Portable: true,
		Outputs: []string{density.Rule, density.Density}, Run: density.Run,
	}
	objectsKind = pipeline.Kind[objects.Params]{
		Name: "objects", Package: "stages/objects", Portable: true,
		Outputs: []string{objects.Objects, objects.Hessians, objects.Summary}, Run: objects.Run,
	}
	boundsKind = pipeline.Kind[bounds.Params]{
		Name: "bounds", Package: "stages/bounds", Portable: true,
		Outputs: []string{bounds.Bounds}, Run: bounds.Run,
	}
	boundRowsKind = pipeline.Kind[bounds.RowParams]{
		Name: "bound_rows", Package: "stages/bounds", Portable: true,
		Outputs: []string{bounds.Rows}, Run: bounds.RunRows,
	}
	incrementsKind = pipeline.Kind[increments.Params]{
		Name: "increments", Package: "stages/increments", Portable: true,
		Outputs: []string{increments.Increments, increments.Table}, Run: increments.Run,
	}
	surfacesKind = pipeline.Kind[surfaces.Params]{
		Name: "surfaces", Package: "stages/surfaces", Portable: true,
		Outputs: []string{surfaces.Lines, surfaces.EigenPlane, surfaces.RandomPlane, surfaces.Summary}, Run: surfaces.Run,
	}
	ballKind = pipeline.Kind[ball.Params]{
		Name: "ball", Package: "stages/ball", Portable: true,
		Outputs: []string{ball.Ball, ball.Curves}, Run: ball.Run,
	}
	samplesizeKind = pipeline.Kind[samplesize.Params]{
		Name: "samplesize", Package: "stages/samplesize", Portable: true,
		Outputs: []string{samplesize.SampleSize, samplesize.Curves}, Run: samplesize.Run,
	}
	neededSizeKind = pipeline.Kind[neededsize.Params]{
		Name: "needed_size", Package: "stages/neededsize", Portable: true,
		Outputs: []string{neededsize.Size}, Run: neededsize.Run,
	}
	figuresKind = pipeline.Kind[figures.Params]{
		Name: "figures", Package: "stages/figures", Portable: true,
		Outputs: []string{figures.OutputSVG, figures.OutputPDF, figures.OutputPNG}, Run: figures.Run,
	}
	claimsKind = pipeline.Kind[claims.Params]{
		Name: "claims", Package: "stages/claims", Portable: true,
		Outputs: []string{claims.Claims, claims.CSV, claims.Table, claims.Markdown}, Run: claims.Run,
	}
	tablesKind = pipeline.Kind[tables.Params]{
		Name: "tables", Package: "stages/tables", Portable: true,
		Outputs: []string{tables.CSV}, Run: tables.Run,
	}
)

// fetchKind is the kind of the stages that read data sets from where f says;
// nil for the network alone.
func fetchKind(f *fetch.Fetcher) *pipeline.Kind[fetch.Params] {
	if f == nil {
		f = &fetch.Fetcher{}
	}
	return &pipeline.Kind[fetch.Params]{
		Name: "fetch", Package: "stages/fetch", Portable: true,
		Outputs: []string{fetch.Images, fetch.Labels}, Run: f.Run,
	}
}

// userfilesKind is the kind of the stage that holds a user's files.
func userfilesKind(f userfiles.Files) *pipeline.Kind[userfiles.Params] {
	return &pipeline.Kind[userfiles.Params]{
		Name: "userfiles", Package: "stages/userfiles", Portable: true,
		Outputs: []string{userfiles.Images, userfiles.Labels, userfiles.Weights, userfiles.Summary}, Run: f.Run,
	}
}

// userdataKind is the kind of the stages that hold a data set of the user's.
func userdataKind(d userfiles.Dataset) *pipeline.Kind[userfiles.DatasetParams] {
	return &pipeline.Kind[userfiles.DatasetParams]{
		Name: "userdata", Package: "stages/userfiles", Portable: true,
		Outputs: []string{userfiles.Images, userfiles.Labels}, Run: d.Run,
	}
}

// userinputKind is the kind of the stages that hold features of the user's.
func userinputKind(f userfiles.Features) *pipeline.Kind[userfiles.FeatureParams] {
	return &pipeline.Kind[userfiles.FeatureParams]{
		Name: "userinput", Package: "stages/userfiles", Portable: true,
		Outputs: []string{userfiles.Images}, Run: f.Run,
	}
}
