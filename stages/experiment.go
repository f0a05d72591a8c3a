package stages

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/config"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// inPlaceOfNone says of an experiment that it stands in for no other.
const inPlaceOfNone = "none"

// InputDirect feeds the pixels to the networks.
const InputDirect = "direct"

// Experiment is one table [[experiment]]: a grid of networks on one data
// set and the figures that are drawn of them. A network that two experiments
// share is trained once.
type Experiment struct {
	Name        string  `toml:"name"`
	Dataset     string  `toml:"dataset" default:"\"mnist\"" or:"dataset"`
	InPlaceOf   string  `toml:"in_place_of" default:"\"none\""`
	Input       string  `toml:"input" default:"\"direct\"" or:"input"`
	HiddenSize  []int   `toml:"hidden_size" range:"1 to 4096" default:"[4, 8, 16, 32, 64]"`
	NumLayers   []int   `toml:"num_layers" range:"0 to 1000" default:"[1, 3, 5, 7, 10]"` // the code's L: a network has L+2 weight matrices
	SampleSizes []int   `toml:"k" range:"2 to 60000"`                                    // by default only data.objects
	Seeds       []int64 `toml:"seeds" range:"0 or more" default:"[0]"`
	WarmStart   bool    `toml:"warm_start" default:"false"`                // the network of the next larger k starts from the weights of this one
	Steps       int     `toml:"steps" range:"0 to 1000000000" default:"0"` // updates, the same for every k; 0: by [train].epochs

	// UntilLoss and UntilGradient are goals at which a training ends, at the latest
	// after MaxEpochs; 0 for none.
	UntilLoss     float64 `toml:"until_loss" range:"0 to 100" default:"0"`
	UntilGradient float64 `toml:"until_gradient" range:"0 to 1000000" default:"0"`
	MaxEpochs     int     `toml:"max_epochs" range:"1 to 100000" default:"1000"`

	Optimiser    string  `toml:"optimiser" default:"\"adam\""`
	Momentum     float64 `toml:"momentum" range:"at least 0, below 1" default:"0.9"` // of SGD
	LearningRate float64 `toml:"learning_rate" range:"0 to 10" default:"0"`          // 0: that of [train]
	Bias         bool    `toml:"bias"`                                               // by default that of [train]

	// HeldOut networks are evaluated on objects of the test split: at the end, and
	// after every so many updates if HeldOutEvery is not 0.
	HeldOut      bool `toml:"held_out" default:"false"`
	HeldOutEvery int  `toml:"held_out_every" range:"0 to 1000000000" default:"0"`

	// HeldOutTarget is the gain in held-out loss by doubling k below which more objects
	// are not worth it; 0 asks for no such size.
	HeldOutTarget float64 `toml:"held_out_target" range:"0 to 100" default:"0"`

	// CurvatureSeeds are the seeds whose networks have their curvature
	// measured.
	CurvatureSeeds []int64 `toml:"curvature_seeds" range:"0 or more" default:"[]" empty:"true"`

	// Snapshots are the epochs of the one network's training after which the
	// top eigenspace of its Hessian is compared.
	Snapshots []int `toml:"snapshots" range:"0 to 10000" default:"[]" empty:"true"`

	// CurvatureEpochs are the epochs after which the curvature of the largest
	// networks of the first curvature seed is measured on the way of their training.
	CurvatureEpochs []int `toml:"curvature_epochs" range:"0 to 10000" default:"[]" empty:"true"`

	// NormEpochs are the epochs after which ‖H‖₂ and ‖G‖₂ of every network of the largest
	// k are measured, on Curvature.NormBatch random objects of the sample, and of the seeds
	// NormSeeds on the whole sample too.
	NormEpochs []int   `toml:"norm_epochs" range:"0 to 10000" default:"[]" empty:"true"`
	NormSeeds  []int64 `toml:"norm_seeds" range:"0 or more" default:"[]" empty:"true"`

	Figures []string `toml:"figures" default:"[]" empty:"true"`

	// AtNumLayers and AtHiddenSize are what a figure over the other holds
	// fixed: by default the only one of the list, or the paper's.
	AtNumLayers  int `toml:"at_num_layers" range:"0 to 1000"`
	AtHiddenSize int `toml:"at_hidden_size" range:"1 to 4096"`
}

// Choices implements [config.Chooser].
func (Experiment) Choices() map[string][]string {
	var datasets []string
	for _, d := range fetch.Datasets() {
		datasets = append(datasets, d.Name)
	}
	return map[string][]string{
		"dataset": datasets, "in_place_of": append([]string{inPlaceOfNone}, datasets...),
		"input": {InputDirect}, "optimiser": {optimiserAdam, train.SGD}, "figures": figures.Names(),
	}
}

// optimiserAdam is the paper's.
const optimiserAdam = "adam"

// What the paper's figures hold fixed.
const (
	paperNumLayers  = 5
	paperHiddenSize = 16
)

// complete puts defaults that follow from other keys in place of those that
// were left out. The label is the experiment's.
func (e *Experiment) complete(at *config.Places, label string, objects int, bias bool) {
	if !at.Given(label + ".bias") {
		e.Bias = bias
	}
	if len(e.SampleSizes) == 0 {
		e.SampleSizes = []int{objects}
	}
	if !at.Given(label + ".at_num_layers") {
		e.AtNumLayers = only(e.NumLayers, paperNumLayers)
	}
	if !at.Given(label + ".at_hidden_size") {
		e.AtHiddenSize = only(e.HiddenSize, paperHiddenSize)
	}
}

// only returns the only value of a list, or the paper's.
func only(list []int, paper int) int {
	if len(list) == 1 {
		return list[0]
	}
	return paper
}

// until reports whether trainings last until a goal is reached.
func (e *Experiment) until() bool { return e.UntilLoss > 0 || e.UntilGradient > 0 }

// recipe names how the experiment trains where it does not as the paper does,
// else it is empty.
func (e *Experiment) recipe() string {
	start, length, optimiser := "cold start", "by epochs", ""
	if e.WarmStart {
		start = artifact.WarmStart
	}
	switch {
	case e.UntilLoss > 0:
		length = fmt.Sprintf("until the loss is %v", e.UntilLoss)
	case e.UntilGradient > 0:
		length = fmt.Sprintf("until the gradient is %v", e.UntilGradient)
	case e.Steps > 0:
		length = chart.Plural(e.Steps, "update")
	}
	if e.Optimiser == train.SGD {
		optimiser = fmt.Sprintf(", SGD with momentum %v", e.Momentum)
	}
	if e.LearningRate > 0 {
		optimiser += fmt.Sprintf(", learning rate %v", e.LearningRate)
	}
	if e.Bias {
		optimiser += artifact.WithBiases
	}
	if !e.WarmStart && length == "by epochs" && optimiser == "" {
		return ""
	}
	return start + ", " + length + optimiser
}

// networks is the number of networks of the experiment.
func (e *Experiment) networks() int {
	n := 1
	for _, l := range []int{len(e.HiddenSize), len(e.NumLayers), len(e.SampleSizes), len(e.Seeds)} {
		n *= l // at most maxList⁴ = 10¹⁶
	}
	return n
}

// figureFile is the file of a figure of the experiment, without its suffix.
func figureFile(e *Experiment, figure string) string {
	if figureNamed(figure).PerRun {
		return "figures/" + figure
	}
	return "figures/" + e.Dataset + "_" + e.Input + "_" + figure
}
