package claims

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// network is a network with its results.
type network struct {
	Network
	losses      artifact.LossSummary
	differences artifact.DifferenceSummary
	collapsed   bool
	values      []float64               // nil if not given
	bounds      *artifact.BoundsSummary // nil if not given
	ball        *artifact.BallSummary   // nil if not given
}

// read decodes the results of all networks; a network that is named again with
// the same recipe is left out.
func read(p Params, inputs map[string][]byte) ([]network, error) {
	seen := map[[2]string]bool{}
	var list []network
	for _, row := range p.Networks {
		id := [2]string{row.Network, row.Recipe}
		if seen[id] {
			continue
		}
		seen[id] = true
		n := network{Network: row}
		if err := n.read(inputs); err != nil {
			return nil, fmt.Errorf("network %s: %w", row.Network, err)
		}
		n.collapsed = n.losses.Sample.DeadFraction >= p.CollapsedFrom || n.losses.Sample.MAD == 0
		list = append(list, n)
	}
	return list, nil
}

func (n *network) read(inputs map[string][]byte) (err error) {
	id := n.Network.Network
	if n.losses, err = artifact.Decode[artifact.LossSummary](inputs[InputLosses+id]); err != nil {
		return fmt.Errorf("input %s: %w", InputLosses+id, err)
	}
	if n.differences, err = artifact.Decode[artifact.DifferenceSummary](inputs[InputDifferences+id]); err != nil {
		return fmt.Errorf("input %s: %w", InputDifferences+id, err)
	}
	if n.losses.Sample.Objects != n.SampleSize || n.differences.Objects != n.SampleSize {
		return fmt.Errorf("its summaries are of %d and %d objects, want %d", n.losses.Sample.Objects, n.differences.Objects, n.SampleSize)
	}
	if b, ok := inputs[InputValues+id]; ok {
		a, err := npy.Decode(b)
		if err != nil {
			return fmt.Errorf("input %s: %w", InputValues+id, err)
		}
		if n.values, err = npy.Values[float64](a); err != nil {
			return fmt.Errorf("input %s: %w", InputValues+id, err)
		}
		if len(n.values) < n.SampleSize {
			return fmt.Errorf("input %s: %d losses, want at least the %d of the sample", InputValues+id, len(n.values), n.SampleSize)
		}
	}
	if b, ok := inputs[InputBounds+id]; ok {
		s, err := artifact.Decode[artifact.BoundsSummary](b)
		if err != nil {
			return fmt.Errorf("input %s: %w", InputBounds+id, err)
		}
		n.bounds = &s
	}
	if b, ok := inputs[InputBall+id]; ok {
		s, err := artifact.Decode[artifact.BallSummary](b)
		if err != nil {
			return fmt.Errorf("input %s: %w", InputBall+id, err)
		}
		n.ball = &s
	}
	return nil
}
