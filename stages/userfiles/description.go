package userfiles

import (
	"fmt"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Description is what the files of a network cannot say. What it leaves out is
// taken from the metadata of the weights, and is the paper's network otherwise.
type Description struct {
	Activation     string   `toml:"activation"`
	Loss           string   `toml:"loss"`
	LabelSmoothing float64  `toml:"label_smoothing" range:"at least 0, below 1"`
	WeightDecay    float64  `toml:"weight_decay" range:"0 or more"`
	Layers         []string `toml:"layers" empty:"true" text:"the name of a tensor"` // the matrices from the input to the output
	Transposed     bool     `toml:"transposed"`                                      // the matrices are inputs × outputs
}

// Choices says what the names can be.
func (Description) Choices() map[string][]string {
	return map[string][]string{"activation": mlp.ActivationNames(), "loss": mlp.LossNames()}
}

// of returns the activation and the loss of a network whose weights have that
// metadata.
func (d Description) of(metadata map[string]string) (a mlp.Activation, l mlp.Loss, err error) {
	if d.Activation == "" {
		d.Activation = metadata["activation"]
	}
	if d.Activation != "" {
		if a, err = mlp.ParseActivation(d.Activation); err != nil {
			return a, l, err
		}
	}
	if d.Loss == "" {
		d.Loss = metadata["loss"]
		if text := metadata["label_smoothing"]; d.LabelSmoothing == 0 && text != "" {
			if d.LabelSmoothing, err = strconv.ParseFloat(text, 64); err != nil {
				return a, l, fmt.Errorf("label smoothing %q of the metadata is not a number", text)
			}
		}
	}
	if d.Loss != "" {
		if l.Kind, err = mlp.ParseLoss(d.Loss); err != nil {
			return a, l, err
		}
	}
	l.Smoothing = d.LabelSmoothing
	return a, l, l.Validate(2) // the outputs are checked with the weights
}
