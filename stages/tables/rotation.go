package tables

import (
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// A row compares the top eigenspaces of H after two epochs: overlap is the mean
// squared cosine of their principal angles, chance what random spaces have,
// largest_sine and frobenius_sine are of the angles, error estimates by how
// much each sine is off.
var rotationColumns = []string{"from_epoch", "to_epoch", "dimension", "overlap", "chance", "largest_sine", "frobenius_sine", "error"}

func (r Row) rotation(inputs map[string][]byte) ([][]string, error) {
	s, err := read[artifact.Rotation](r, inputs, InputRotation)
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for _, p := range s.Pairs {
		lines = append(lines, []string{
			strconv.Itoa(p.From), strconv.Itoa(p.To), strconv.Itoa(s.Dimension),
			number(p.Overlap), number(s.Chance), number(p.LargestSine), number(p.FrobeniusSine), number(p.Error),
		})
	}
	return lines, r.sample(InputRotation, s.Objects)
}
