package stages

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/joined"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// spectrumKinds are the kinds that [New] and [NewCurvature] measure a network's
// spectrum and its density with. Spectra is operator, blocks and structure in
// one action.
type spectrumKinds struct {
	spectra   *pipeline.Kind[spectra.Params]
	operator  *pipeline.Kind[spectra.OperatorParams]
	blocks    *pipeline.Kind[spectra.BlockParams]
	structure *pipeline.Kind[spectra.StructureParams]
	density   *pipeline.Kind[density.Params]
	joined    *pipeline.Kind[joined.Params]
	needs     map[string]needs // by the name of the kind
}

// newSpectrumKinds returns them, with what their stages need at their peak.
func newSpectrumKinds(memory, densityMemory int64) spectrumKinds {
	return spectrumKinds{
		spectra: &pipeline.Kind[spectra.Params]{
			Name: "spectra", Package: "stages/spectra", Portable: true,
			Outputs: []string{spectra.Spectrum, spectra.Eigenvalues, spectra.Vectors},
			Run:     spectra.Run,
		},
		operator: &pipeline.Kind[spectra.OperatorParams]{
			Name: "operator", Package: "stages/spectra", Portable: true,
			Outputs: []string{spectra.Eigenvalues, spectra.Vectors, spectra.BottomVectors},
			Run:     spectra.RunOperator,
		},
		blocks: &pipeline.Kind[spectra.BlockParams]{
			Name: "blocks", Package: "stages/spectra", Portable: true,
			Outputs: []string{spectra.Blocks},
			Run:     spectra.RunBlocks,
		},
		structure: &pipeline.Kind[spectra.StructureParams]{
			Name: "structure", Package: "stages/spectra", Portable: true,
			Outputs: []string{spectra.Spectrum},
			Run:     spectra.RunStructure,
		},
		density: &pipeline.Kind[density.Params]{
			Name: "density", Package: "stages/density", Portable: true,
			Outputs: []string{density.Rule, density.Density},
			Run:     density.Run,
		},
		joined: &pipeline.Kind[joined.Params]{
			Name: "joined", Package: "stages/joined", Portable: true,
			Outputs: []string{joined.Whole},
			Run:     joined.Run,
		},
		needs: map[string]needs{
			"spectra":   {manyCores, memory},
			"operator":  {manyCores, memory},
			"blocks":    {manyCores, memory},
			"structure": {manyCores, memory},
			"density":   {manyCores, densityMemory},
		},
	}
}

// spectrumWiring adds the stages of one network's spectrum and density: one
// action each, or several where one would take too long. That is decided by
// [spectrumWork] and so by sizes alone.
type spectrumWiring struct {
	graph  *pipeline.Graph
	kinds  *spectrumKinds
	shape  userfiles.Shape  // of the network and the sample
	limits limits           // of an action
	inputs []pipeline.Input // of every stage that evaluates the network

	// node is a stage of the network; detail, if not empty, tells it from
	// others of its kind.
	node func(kind, detail string, inputs ...pipeline.Input) pipeline.Node
	// export names the file of an output; "" where it has none.
	export func(name string) string
	// added is told of every stage and what it will take.
	added func(*pipeline.Stage, Work)
}

// spectrumOutputs are what other stages read of a spectrum.
type spectrumOutputs struct {
	spectrum, eigenvalues, vectors CurvatureOutput // the last two of H
}

// exported adds files to a node, of outputs of the same names.
func (w *spectrumWiring) exported(n pipeline.Node, outputs map[string]string) pipeline.Node {
	for output, name := range outputs {
		if file := w.export(name); file != "" {
			if n.Export == nil {
				n.Export = map[string]string{}
			}
			n.Export[output] = file
		}
	}
	return n
}

// spectra adds the stages of the spectra of H, G and R.
func (w *spectrumWiring) spectra(p spectra.Params) (spectrumOutputs, error) {
	work := spectrumWork(w.shape, p)
	if total := work.total(); total.operations(w.shape) <= w.limits.products {
		s, err := add(w.graph, w.kinds.needs, w.kinds.spectra, w.exported(w.node("spectra", "", w.inputs...), map[string]string{
			spectra.Spectrum: "spectrum", spectra.Vectors: "vectors",
		}), p)
		if err != nil {
			return spectrumOutputs{}, err
		}
		w.added(s, total)
		return spectrumOutputs{CurvatureOutput{s, spectra.Spectrum}, CurvatureOutput{s, spectra.Eigenvalues}, CurvatureOutput{s, spectra.Vectors}}, nil
	}
	var out spectrumOutputs
	structure := append([]pipeline.Input(nil), w.inputs...)
	blocks := 0
	for _, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton, curvature.HTerm} {
		name := term.String()
		node := w.node("operator", name, w.inputs...)
		if term == curvature.Hessian {
			node = w.exported(node, map[string]string{spectra.Vectors: "vectors"})
		}
		s, err := add(w.graph, w.kinds.needs, w.kinds.operator, node, p.Operator(name))
		if err != nil {
			return out, err
		}
		w.added(s, work.operators[term])
		structure = append(structure, pipeline.Input{Name: spectra.OfTerm(name, spectra.Eigenvalues), From: s, Output: spectra.Eigenvalues})
		switch term {
		case curvature.Hessian:
			out.eigenvalues, out.vectors = CurvatureOutput{s, spectra.Eigenvalues}, CurvatureOutput{s, spectra.Vectors}
		case curvature.GaussNewton:
			structure = append(structure, pipeline.Input{Name: spectra.OfTerm(name, spectra.Vectors), From: s, Output: spectra.Vectors})
		case curvature.HTerm:
			continue
		}
		parts, err := w.blocks(p, name, s, work.block)
		if err != nil {
			return out, err
		}
		structure, blocks = append(structure, parts...), len(parts)
	}
	s, err := add(w.graph, w.kinds.needs, w.kinds.structure, w.exported(w.node("structure", "", structure...), map[string]string{
		spectra.Spectrum: "spectrum",
	}), p.Structure(blocks))
	if err != nil {
		return out, err
	}
	w.added(s, work.structure)
	out.spectrum = CurvatureOutput{s, spectra.Spectrum}
	return out, nil
}

// blocks adds the stages of the norms of one operator's layer blocks, and
// returns them as inputs of the structure.
func (w *spectrumWiring) blocks(p spectra.Params, term string, operator *pipeline.Stage, each Work) ([]pipeline.Input, error) {
	if p.BlockSteps == 0 {
		return nil, nil
	}
	inputs := append([]pipeline.Input(nil), w.inputs...)
	for _, output := range []string{spectra.Eigenvalues, spectra.Vectors, spectra.BottomVectors} {
		inputs = append(inputs, pipeline.Input{Name: output, From: operator, Output: output})
	}
	pairs := len(curvature.LayerPairs(len(w.shape.Layers)))
	size := groupSize(each.operations(w.shape), w.limits.products, pairs)
	var parts []pipeline.Input
	for from := 0; from < pairs; from += size {
		to := min(from+size, pairs)
		s, err := add(w.graph, w.kinds.needs, w.kinds.blocks, w.node("blocks", fmt.Sprintf("%s=%d-%d", term, from, to-1), inputs...), p.Blocks(term, from, to))
		if err != nil {
			return nil, err
		}
		w.added(s, each.times(to-from))
		parts = append(parts, pipeline.Input{Name: spectra.BlocksOf(term, len(parts)), From: s, Output: spectra.Blocks})
	}
	return parts, nil
}

// density adds the stages of the spectral density of H, by so many probes,
// after projecting out what of is about.
func (w *spectrumWiring) density(p density.Params, probes int, of spectrumOutputs) (rule, summary CurvatureOutput, err error) {
	inputs := append([]pipeline.Input(nil), w.inputs...)
	inputs = append(inputs,
		pipeline.Input{Name: density.Eigenvalues, From: of.eigenvalues.Stage, Output: of.eigenvalues.Output},
		pipeline.Input{Name: density.Vectors, From: of.vectors.Stage, Output: of.vectors.Output})
	size := probesPerAction(w.shape, w.limits, p.Steps, probes)
	files := map[string]string{density.Density: "density", density.Rule: "density_rule"}
	var rules, summaries []pipeline.Input
	var s *pipeline.Stage
	for from := 0; from < probes; from += size {
		p.From, p.To = from, min(from+size, probes)
		var node pipeline.Node
		if size == probes {
			node = w.exported(w.node("density", "", inputs...), files)
		} else {
			node = w.node("density", fmt.Sprintf("probes=%d-%d", p.From, p.To-1), inputs...)
		}
		if s, err = add(w.graph, w.kinds.needs, w.kinds.density, node, p); err != nil {
			return rule, summary, err
		}
		w.added(s, densityWork(p.Steps, p.To-p.From))
		part := joined.Part(len(rules))
		rules = append(rules, pipeline.Input{Name: part, From: s, Output: density.Rule})
		summaries = append(summaries, pipeline.Input{Name: part, From: s, Output: density.Density})
	}
	if len(rules) == 1 {
		return CurvatureOutput{s, density.Rule}, CurvatureOutput{s, density.Density}, nil
	}
	for _, whole := range []struct {
		name, form string
		parts      []pipeline.Input
		to         *CurvatureOutput
	}{{"density_rule", joined.Rows, rules, &rule}, {"density", joined.Density, summaries, &summary}} {
		node := w.exported(w.node("joined", whole.name, whole.parts...), map[string]string{joined.Whole: whole.name})
		s, err := add(w.graph, w.kinds.needs, w.kinds.joined, node, joined.Params{Form: whole.form, Parts: len(whole.parts)})
		if err != nil {
			return rule, summary, err
		}
		*whole.to = CurvatureOutput{s, joined.Whole}
	}
	return rule, summary, nil
}
