package spectra

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Blocks is out of RunBlocks: canonical JSON, artifact.BlockNorms. Its inputs
// beside those of Run are Eigenvalues, Vectors and BottomVectors of the same
// operator.
const Blocks = "blocks"

// BlockParams decide the norms of some layer blocks of one operator.
type BlockParams struct {
	SampleSize int
	Term       string // "H" or "G"
	From, To   int    // the pairs of layers From … To−1 of curvature.LayerPairs
	Steps      int    // of power iteration
}

// blockParts are the parts with the norms of H and of G.
type blockParts [2][]artifact.BlockNorms

// RunBlocks computes Blocks.
func RunBlocks(ctx context.Context, p BlockParams, t *task.Task) (map[string][]byte, error) {
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	f, err := read(t.Inputs, "", pt.Network.Parameters())
	if err != nil {
		return nil, err
	}
	e := &evaluation{pt: pt, t: t}
	b, err := e.blocks(ctx, p, f, 0, steps)
	if err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	text, err := artifact.Encode(*b)
	return map[string][]byte{Blocks: text}, err
}

func (e *evaluation) blocks(ctx context.Context, p BlockParams, f *ends, lo, hi int) (*artifact.BlockNorms, error) {
	term, err := curvature.ParseTerm(p.Term)
	if err != nil {
		return nil, err
	}
	pairs := curvature.LayerPairs(e.pt.Network.Layers())
	if p.From < 0 || p.To <= p.From || p.To > len(pairs) || p.Steps < 1 {
		return nil, fmt.Errorf("pairs of layers %d to %d, %d steps: want a range within 0 to %d, and at least one step", p.From, p.To, p.Steps, len(pairs))
	}
	op, err := e.pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	report := e.progress(lo, hi)
	b := &artifact.BlockNorms{From: p.From}
	b.Norms, b.Residual, err = op.BlockNorms(ctx, f.pairs(), pairs[p.From:p.To], p.Steps, func(done, total int) { report(float64(done) / float64(total)) })
	return b, err
}

// read decodes what RunOperator wrote, all three outputs under names with the
// prefix.
func read(inputs map[string][]byte, prefix string, parameters int) (*ends, error) {
	f := &ends{parameters: parameters}
	var err error
	if f.spectrum, err = artifact.Read[artifact.TermSpectrum](inputs, prefix+Eigenvalues); err != nil {
		return nil, err
	}
	for _, v := range []struct {
		name string
		rows *[][]float64
		most int
	}{{Vectors, &f.top, len(f.spectrum.Top)}, {BottomVectors, &f.bottom, len(f.spectrum.Bottom)}} {
		if _, ok := inputs[prefix+v.name]; !ok {
			continue // not needed of every operator
		}
		if *v.rows, err = npy.Rows[float64](inputs, prefix+v.name, parameters); err != nil {
			return nil, err
		}
		if len(*v.rows) > v.most {
			return nil, fmt.Errorf("input %s has %d vectors of %d eigenvalues", prefix+v.name, len(*v.rows), v.most)
		}
	}
	return f, nil
}
