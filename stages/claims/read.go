package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// network is a network with its results.
type network struct {
	artifact.Network
	losses      artifact.LossSummary
	differences artifact.DifferenceSummary
	dead        bool // on all objects, or all losses are equal
	collapsed   bool // dead, or partly

	// Of some networks, else nil.
	values     []float64 // the loss of every object, the sample's first
	spectrum   *artifact.Spectrum
	objects    *artifact.ObjectSummary
	bounds     *artifact.BoundsSummary
	increments *artifact.IncrementSummary
	ball       *artifact.BallSummary
	samplesize *artifact.SampleSizeSummary
	end        *artifact.TrainingEnd // of a training until a goal
	heldOut    *artifact.LossSummary // on held-out objects
	curve      *artifact.HeldOutCurve
	batch      *artifact.Norms      // during training, on random objects
	norms      *artifact.Norms      // and on the whole sample
	needed     *artifact.NeededSize // of its shape, at the first seed of the largest k
	changes    []float64            // the moving average of |L_{k+1} − L_k|, k = 1, 2, …
}

// read decodes the results of all networks; a network that is named again with
// the same recipe is left out.
func read(p Params, inputs map[string][]byte) ([]network, error) {
	seen := map[artifact.Network]bool{}
	var list []network
	for _, row := range p.Networks {
		if seen[row] {
			continue
		}
		seen[row] = true
		n := network{Network: row}
		if err := n.read(inputs); err != nil {
			return nil, err
		}
		n.setStates(p)
		list = append(list, n)
	}
	return list, nil
}

// setStates says whether the network is dead or partly dead, from its losses.
func (n *network) setStates(p Params) {
	n.dead = n.losses.Sample.Collapsed()
	n.collapsed = n.dead || n.losses.Sample.DeadFraction >= p.CollapsedFrom
}

func (n *network) read(inputs map[string][]byte) (err error) {
	if n.losses, err = artifact.Read[artifact.LossSummary](inputs, n.Result("losses/summary")); err != nil {
		return err
	}
	if n.differences, err = artifact.Read[artifact.DifferenceSummary](inputs, n.Result("differences/summary")); err != nil {
		return err
	}
	if n.losses.Sample.Objects != n.SampleSize || n.differences.Objects != n.SampleSize {
		return fmt.Errorf("network %s: its summaries are of %d and %d objects, want %d", n.ID(), n.losses.Sample.Objects, n.differences.Objects, n.SampleSize)
	}
	if name := n.Result("losses/losses"); inputs[name] != nil {
		if n.values, _, err = npy.Read[float64](inputs, name, -1); err != nil {
			return err
		}
		if len(n.values) < n.SampleSize {
			return fmt.Errorf("input %s: %d losses, want at least the %d of the sample", name, len(n.values), n.SampleSize)
		}
	}
	if n.spectrum, err = readOptional[artifact.Spectrum](inputs, n.Result("spectra/spectrum")); err != nil {
		return err
	}
	if n.objects, err = readOptional[artifact.ObjectSummary](inputs, n.Result("objects/summary")); err != nil {
		return err
	}
	if n.bounds, err = readOptional[artifact.BoundsSummary](inputs, n.Result("bounds/bounds")); err != nil {
		return err
	}
	if n.increments, err = readOptional[artifact.IncrementSummary](inputs, n.Result("increments/increments")); err != nil {
		return err
	}
	if n.ball, err = readOptional[artifact.BallSummary](inputs, n.Result("ball/ball")); err != nil {
		return err
	}
	if n.end, err = readOptional[artifact.TrainingEnd](inputs, n.Result("train_until/end")); err != nil {
		return err
	}
	if n.heldOut, err = readOptional[artifact.LossSummary](inputs, n.Result("held_out/summary")); err != nil {
		return err
	}
	if n.needed, err = readOptional[artifact.NeededSize](inputs, n.Result("needed_size/size")); err != nil {
		return err
	}
	if n.batch, err = readOptional[artifact.Norms](inputs, n.Result("norms_batch/norms")); err != nil {
		return err
	}
	if n.norms, err = readOptional[artifact.Norms](inputs, n.Result("norms/norms")); err != nil {
		return err
	}
	if name := n.Result(Curves[0]); inputs[name] != nil {
		c, err := artifact.ReadHeldOutCurve(inputs, name)
		if err != nil {
			return err
		}
		rows, _, err := npy.Read[float64](inputs, n.Result(Curves[1]), 3, n.SampleSize-1)
		if err != nil {
			return err
		}
		n.curve, n.changes = &c, rows[2*(n.SampleSize-1):]
	}
	n.samplesize, err = readOptional[artifact.SampleSizeSummary](inputs, n.Result("samplesize/samplesize"))
	return err
}

// readOptional decodes an input that may be missing.
func readOptional[R any](inputs map[string][]byte, name string) (*R, error) {
	if inputs[name] == nil {
		return nil, nil
	}
	r, err := artifact.Read[R](inputs, name)
	return &r, err
}
