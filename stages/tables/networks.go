package tables

import (
	"errors"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// The statistics are of the losses on the training sample, in nats; mad is the
// mean absolute deviation; ema_last is the last value of the paper's curve.
var networkColumns = []string{"mean_loss", "std_loss", "mad", "max_loss", "accuracy", "dead_fraction", "ema_last"}

func (r Row) network(inputs map[string][]byte) ([][]string, error) {
	losses, err := read[artifact.LossSummary](r, inputs, InputLosses)
	if err != nil {
		return nil, err
	}
	differences, err := read[artifact.DifferenceSummary](r, inputs, InputDifferences)
	if err != nil {
		return nil, err
	}
	s := losses.Sample
	return [][]string{{
		number(s.Mean), number(s.Std), number(s.MAD), number(s.Max), number(s.Accuracy), number(s.DeadFraction),
		number(differences.EMALast),
	}}, errors.Join(r.sample(InputLosses, s.Objects), r.sample(InputDifferences, differences.Objects))
}
