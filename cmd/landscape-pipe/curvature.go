package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/measured"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

type curvatureCmd struct {
	Weights string `required:"" placeholder:"FILE.safetensors" help:"The network: matrices outputs × inputs and their biases, as in PyTorch's state_dict, of 16, 32 or 64 bits."`
	Inputs  string `required:"" placeholder:"FILE.npy" help:"The objects × their values, in one or more dimensions, of any number type, taken as given."`
	Labels  string `placeholder:"FILE.npy" help:"The class of each object, counted from 0: whole numbers of any type, or one-hot rows."`
	Targets string `placeholder:"FILE.npy" help:"For --loss mse and bce, in place of labels: floats, objects × outputs."`

	Activation     string   `placeholder:"NAME" help:"Between the layers: relu, leaky_relu, tanh, sigmoid, gelu, gelu_tanh, silu, selu, elu, softplus, identity (default: relu)."`
	Loss           string   `placeholder:"NAME" help:"The mean over objects of cross_entropy, mse, bce; mse and bce, of logits, are also means over the outputs (default: cross_entropy)."`
	LabelSmoothing *float64 `placeholder:"X" help:"Of cross_entropy, as in PyTorch (default: 0)."`
	WeightDecay    *float64 `placeholder:"X" help:"Adds X/2 times the squared length of all parameters to the loss, hence X to each eigenvalue of H and G (default: 0)."`
	Transposed     bool     `help:"The matrices are inputs × outputs, as Keras and Flax have them (default: where only that fits)."`
	Network        string   `placeholder:"FILE.toml" help:"A file that says the same as these flags, which win: activation, loss, label_smoothing, weight_decay, transposed, layers."`

	Layers     []string `sep:"," placeholder:"NAME,…" help:"The matrices from the input to the output (default: all, in the order that their names and shapes leave)."`
	Top        int      `default:"20" placeholder:"N" help:"Largest eigenvalues to find (default: ${default})."`
	Bottom     int      `default:"20" placeholder:"N" help:"Smallest eigenvalues to find (default: ${default})."`
	PerObject  string   `placeholder:"all|M" help:"Norms of each object's own Hessian; its spectrum for all objects or for the M with the largest bounds."`
	Increments string   `placeholder:"all|K,…" help:"What object k+1 does to the mean over the first k: for each k, or for those listed."`
	Others     int      `default:"3" placeholder:"N" help:"For each k of --increments also compare N later objects, evenly spaced, with that mean (default: ${default}; 0: none)."`
	Bounds     bool     `help:"The paper's bounds, as printed and corrected, of each object."`
	PerLayer   bool     `help:"Spectra of the diagonal blocks of H and G, layer by layer; with --density also the density of each."`
	Diagonal   bool     `help:"The diagonals of H and G."`
	Fisher     bool     `help:"The empirical Fisher matrix, the mean of the squares of the objects' gradients."`
	Density    string   `placeholder:"STEPSxPROBES" help:"Spectral density by Lanczos quadrature, as 80x10."`

	Tolerance float64 `default:"1e-9" placeholder:"X" help:"Relative error to stop at (default: ${default})."`
	Exact     int     `default:"4000" placeholder:"N" help:"Form and solve matrices of up to N rows whole (default: ${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Seed of starting vectors and probes (default: ${default})."`

	Output string `short:"o" placeholder:"DIR" help:"Write the results, the vectors and figures into DIR."`
	JSON   bool   `name:"json" help:"Write one JSON object."`
	running
}

const curvatureHelp = `The network is a chain of matrices, with or without biases, with one activation
between them and a loss at the end. Save PyTorch's with
    safetensors.torch.save_file(model.state_dict(), "weights.safetensors")
and the data with numpy.save. Nothing is scaled or normalised; objects of several
dimensions become rows as by reshape(len(inputs), -1).

H is the Hessian of the mean loss over all weights and biases, G its Gauss–Newton
part, which under cross-entropy is the Fisher matrix, R = H − G. Each
eigenvalue has a residual, within which an eigenvalue is sure to lie, and an
estimate of its error, which is smaller.

Copies of multiple eigenvalues are searched for, until the chance that a list
lacks a value is at most 1e-9. Where that fails, the list is cut to the values
of which it is true, and the exit code is 3.

Results are kept in the store (artifacts/store, or --store). After an interrupt
the same command continues after the finished parts, and loses some seconds of
work at most; a repeated run only prints.

Examples:
    landscape-pipe curvature --weights W.safetensors --inputs X.npy --labels y.npy
    landscape-pipe curvature … --per-object all --bounds --json > result.json
    landscape-pipe curvature … --increments 100,1000,5000 --density 80x10 -o results
    landscape-pipe curvature … --targets T.npy --activation tanh --loss mse
`

// Run implements the verb.
func (c *curvatureCmd) Run(ctx context.Context, a *app, g *globals) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	if err := wantFolder("-o", c.Output); err != nil {
		return err
	}
	x := &curvatureRun{a: a, c: c}
	if x.store, err = g.openStore(); err != nil {
		return err
	}
	defer x.store.Close()
	if x.env.Hasher, err = codehash.New(landscape.Sources(), landscape.Module); err != nil {
		return fmt.Errorf("reading the sources of the stages: %w", err)
	}
	if err := x.readFiles(ctx); err != nil {
		return err
	}
	if err := x.checkApplicable(); err != nil {
		return err
	}
	if text := x.env.Hasher.Warning(); text != "" {
		a.warn("%s", text)
	}
	if request.Increments, err = c.sizes(x.shape.Objects); err != nil {
		return err
	}
	if err := x.measure(ctx, request); err != nil {
		return err
	}
	p, err := measured.Read(func(name string) ([]byte, error) { return x.read(ctx, name) }, request.Top, request.Bottom)
	if err != nil {
		return err
	}
	p.Of = identityOf(x.shape)
	p.AddWeightDecay(x.decay)
	if c.Output != "" {
		if err := x.export(ctx, p); err != nil {
			return err
		}
	}
	if c.JSON {
		err = json.NewEncoder(a.raw).Encode(p.Value()) // one line: its lists may have a number per object
	} else {
		err = printNetwork(a, x.shape, p)
	}
	if lists := p.Incomplete(); len(lists) > 0 {
		err = errors.Join(err, &differenceError{"the search ended with only " + strings.Join(lists, "; ")})
	}
	return errors.Join(err, x.figures)
}

// request is what the flags ask for; the increments wait until the number of
// objects is known.
func (c *curvatureCmd) request() (stages.Request, error) {
	r := stages.Request{
		Name: networkName(c.Weights), Top: c.Top, Bottom: c.Bottom, Tolerance: c.Tolerance, Exact: c.Exact, Seed: c.Seed,
		Others: c.Others, Bounds: c.Bounds, Figures: c.Output != "", PerLayer: c.PerLayer, Diagonal: c.Diagonal, Fisher: c.Fisher,
	}
	switch {
	case c.Top < 0 || c.Top > 1000:
		return r, usage(fmt.Errorf("--top=%d: want a number of eigenvalues, at most 1000", c.Top), "")
	case c.Bottom < 0 || c.Bottom > 1000:
		return r, usage(fmt.Errorf("--bottom=%d: want a number of eigenvalues, at most 1000", c.Bottom), "")
	case c.Others < 0 || c.Others > 1000:
		return r, usage(fmt.Errorf("--others=%d: want a number of objects, at most 1000", c.Others), "")
	case !(c.Tolerance >= 1e-13 && c.Tolerance <= 0.1):
		return r, usage(fmt.Errorf("--tolerance=%v: want a relative error from 1e-13 to 0.1", c.Tolerance), "")
	case c.Exact < 0 || c.Exact > 20_000:
		return r, usage(fmt.Errorf("--exact=%d: want a number of rows, at most 20000", c.Exact), "")
	}
	switch n, err := strconv.Atoi(c.PerObject); {
	case c.PerObject == "":
	case c.PerObject == "all":
		r.PerObject = stages.All
	case err != nil || n < 1:
		return r, usage(fmt.Errorf("--per-object=%s: want all, or a number of objects", c.PerObject), "")
	default:
		r.PerObject = n
	}
	if c.Increments != "" && c.Increments != "all" {
		if _, err := c.sizes(math.MaxInt); err != nil {
			return r, err
		}
	}
	if c.Density != "" {
		steps, probes, _ := strings.Cut(strings.NewReplacer("×", "x", "X", "x").Replace(c.Density), "x")
		var errSteps, errProbes error
		r.Steps, errSteps = strconv.Atoi(steps)
		r.Probes, errProbes = strconv.Atoi(probes)
		if errSteps != nil || errProbes != nil || r.Steps < 1 || r.Probes < 1 || r.Steps > 10_000 || r.Probes > 10_000 {
			return r, usage(fmt.Errorf("--density=%s: want steps and probes, as 80x10", c.Density), "")
		}
	}
	return r, nil
}

// sizes are the k of --increments, ascending and once each.
func (c *curvatureCmd) sizes(objects int) ([]int, error) {
	if c.Increments == "" {
		return nil, nil
	}
	if objects < 2 {
		return nil, usage(errors.New("--increments: there is one object, want at least two"), "")
	}
	var list []int
	if c.Increments == "all" {
		for k := 1; k < objects; k++ {
			list = append(list, k)
		}
		return list, nil
	}
	for text := range strings.SplitSeq(c.Increments, ",") {
		k, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || k < 1 {
			return nil, usage(fmt.Errorf("--increments=%s: %q is not a size: want all, or comma-separated numbers of objects", c.Increments, text), "")
		}
		if k >= objects {
			return nil, usage(fmt.Errorf("--increments=%s: %d is not possible with %s: want 1 to %d, because one more object is taken", c.Increments, k, term.Count(objects, "object"), objects-1), "")
		}
		list = append(list, k)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// networkName names the stages of a network after its file, without the
// characters that have a meaning in names of stages.
func networkName(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune("[],=/\\", r) {
			return '_'
		}
		return r
	}, name)
}

// curvatureRun is one run of the verb.
type curvatureRun struct {
	a     *app
	c     *curvatureCmd
	store *cas.Store
	env   stages.Env
	files userfiles.Files

	shape   userfiles.Shape
	decay   float64 // weight decay
	graph   *stages.UserGraph
	plan    *pipeline.Plan
	figures error // why figures are missing
}

// measure runs what is asked for, after an estimate of what it takes.
func (x *curvatureRun) measure(ctx context.Context, r stages.Request) error {
	var err error
	if x.graph, err = stages.NewUser(r, x.files, x.env); err != nil {
		return fmt.Errorf("building the graph: %w", err)
	}
	if x.plan, err = pipeline.NewPlan(x.graph.Graph, x.store, pipeline.Options{}); err != nil {
		return err
	}
	if needed, cached := x.plan.Count(); cached < needed && !x.c.Quiet {
		x.printIdentity()
		x.printEstimate()
	}
	show := newReporter(x.a, x.c.Progress, x.c.Quiet, x.c.Verbose, newEstimate(x.store, x.plan, x.c.Jobs))
	err = x.run(ctx, show)
	show.close()
	return err
}

// onlyFiguresFailed reports whether nothing failed except figures and the
// surfaces that they show: then the numbers are worth printing.
func onlyFiguresFailed(s *pipeline.Summary) bool {
	for _, f := range s.Failures {
		if k := f.Stage.Kind(); k != "figures" && k != "surfaces" {
			return false
		}
	}
	return len(s.Failures) > 0
}

// run brings the graph up to date.
func (x *curvatureRun) run(ctx context.Context, show reporter) error {
	var err error
	if x.plan, err = pipeline.NewPlan(x.graph.Graph, x.store, pipeline.Options{}); err != nil {
		return err
	}
	summary, err := runPlan(ctx, x.plan, x.options(show))
	if ctx.Err() != nil && summary != nil {
		return interrupted(ctx, summary)
	}
	if err != nil && summary != nil && onlyFiguresFailed(summary) {
		x.figures = advised(err, "the numbers are complete; -v shows what the stages log")
		return nil
	}
	var notFinite *json.UnsupportedValueError
	if errors.Is(err, eigen.ErrOverflow) || errors.As(err, &notFinite) {
		return usage(overflowed(err), "the weights or the inputs are too large for the curvature to be computed; trying again gives the same")
	}
	var failed *pipeline.StageError
	if errors.As(err, &failed) && !errors.Is(err, cas.ErrFull) {
		return advised(err, "the same command tries again; -v shows what the stages log")
	}
	return err
}

// overflowed says of the results that JSON cannot hold why that is.
func overflowed(err error) error {
	var all []error
	for _, e := range flatten(err) {
		var notFinite *json.UnsupportedValueError
		var failed *pipeline.StageError
		if errors.As(e, &notFinite) && errors.As(e, &failed) {
			e = fmt.Errorf("%s: a result is %s: the numbers are too large for float64", failed.Stage.Name(), notFinite.Str)
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

func (x *curvatureRun) options(show reporter) pipeline.RunOptions {
	return pipeline.RunOptions{Jobs: x.c.Jobs, KeepGoing: true, Events: show.event}
}

// read returns a result from the store. If the store has lost it, its stage
// runs again.
func (x *curvatureRun) read(ctx context.Context, result string) ([]byte, error) {
	o := x.graph.Results[result]
	if o.Stage == nil {
		return nil, measured.ErrNotAsked
	}
	for again := false; ; again = true {
		digest, _, ok := x.plan.Output(o.Stage, o.Name)
		if !ok {
			return nil, fmt.Errorf("%v has no output %s", o.Stage, o.Name)
		}
		b, err := x.store.Get(ctx, digest)
		var damaged *cas.DamagedError
		if err == nil || again || !errors.Is(err, cas.ErrNotFound) && !errors.As(err, &damaged) {
			return b, err
		}
		if x.plan, err = pipeline.NewPlan(x.graph.Graph, x.store, pipeline.Options{}); err != nil {
			return nil, err
		}
		if _, err := x.plan.Verify(ctx); err != nil {
			return nil, err
		}
		if _, err := runPlan(ctx, x.plan, x.options(silent{})); err != nil {
			return nil, err
		}
	}
}

// workers is how many cores the run may use.
func (x *curvatureRun) workers() int {
	if x.c.Jobs > 0 {
		return x.c.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// printEstimate prints what a run will take, from the rates that were measured
// on one machine and what is not in the store yet.
func (x *curvatureRun) printEstimate() {
	var work time.Duration
	var memory int64
	for _, step := range x.plan.Steps() {
		if step.State != pipeline.StateCached {
			work += step.Stage.Estimate()
			memory = max(memory, step.Stage.Memory())
		}
	}
	if work == 0 {
		return // only drawing is left
	}
	cores := x.workers()
	fmt.Fprintf(x.a.stderr, "estimate: about %s on %s; %s of memory\n", guess(work/time.Duration(cores)), term.Count(cores, "core"), term.Bytes(memory))
	if limit := x.options(silent{}).MemoryLimit; limit > 0 && memory > limit {
		x.a.warn("that is more memory than the %s that this process may use", term.Bytes(limit))
	}
}

// thousands writes a whole number with commas: 13,984.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
