package stages

import (
	"fmt"
	"regexp"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
)

// InputDirect feeds the pixels to the networks.
const InputDirect = "direct"

var inputNames = []string{InputDirect}

// Experiment is one table [[experiment]]: a grid of networks on one data
// set and the figures that are drawn of them. A network that two experiments
// share is trained once.
type Experiment struct {
	Name        string   `json:"name"`
	Dataset     string   `json:"dataset"`
	Input       string   `json:"input"`
	HiddenSize  []int    `json:"hidden_size"`
	NumLayers   []int    `json:"num_layers"` // the code's L: a network has L+2 weight matrices
	SampleSizes []int    `json:"k"`
	Seeds       []int64  `json:"seeds"`
	WarmStart   bool     `json:"warm_start"` // the network of the next larger k starts from the weights of this one
	Steps       int      `json:"steps"`      // updates of Adam, the same for every k; 0: by [train].epochs
	Figures     []string `json:"figures"`

	// CurvatureSeeds are the seeds whose networks have their curvature
	// measured.
	CurvatureSeeds []int64 `json:"curvature_seeds"`

	// Snapshots are the epochs of the one network's training after which the
	// top eigenspace of its Hessian is compared.
	Snapshots []int `json:"snapshots"`

	// AtNumLayers and AtHiddenSize are what a figure over the other holds fixed.
	AtNumLayers  int `json:"at_num_layers"`
	AtHiddenSize int `json:"at_hidden_size"`
}

// notGiven stands for what complete is to put in place.
const notGiven = -1

// What the paper's figures hold fixed.
const (
	paperNumLayers  = 5
	paperHiddenSize = 16
)

func defaultExperiment() Experiment {
	return Experiment{
		Dataset: "mnist", Input: InputDirect,
		HiddenSize: []int{4, 8, 16, 32, 64}, NumLayers: []int{1, 3, 5, 7, 10},
		Seeds: []int64{0}, CurvatureSeeds: []int64{}, Snapshots: []int{}, Figures: []string{},
		AtNumLayers: notGiven, AtHiddenSize: notGiven,
	}
}

// experimentName keeps names fit for file names, tables and --set.
var experimentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

const nameRule = "letters, digits, - and _, at most 64, beginning with a letter or digit"

func (e *Experiment) fields() []field {
	return []field{
		{
			name: "name", values: "Text, " + nameRule,
			doc: "Name of the experiment in tables and for --set experiment.NAME.KEY=VALUE. No two experiments share one.",
			read: func(r *reader, label string, n *node) bool {
				name, ok := n.value.(string)
				switch {
				case !ok:
					r.wrongType(label+" is", n, "a text", nameRule)
				case !experimentName.MatchString(name):
					r.report(n.val, fmt.Sprintf("%s is %s", label, r.src.show(n.val)), allowedHint(nameRule))
					ok = false
				default:
					e.Name = name
				}
				return ok
			},
		},
		choiceField("dataset", "Data set that the networks learn.", &e.Dataset, datasetNames()),
		choiceField("input", "What the networks see of an object: \"direct\" is its pixels.", &e.Input, inputNames),
		integersField("hidden_size", "Widths h of the hidden layers.", &e.HiddenSize, 1, 4096),
		integersField("num_layers", "Hidden layers after the first, as the paper's code counts them: a network has num_layers + 2 weight matrices.", &e.NumLayers, 0, 1000),
		integersField("k", "Sample sizes: a network is trained on the first k objects.", &e.SampleSizes, 2, 60000).or("[data.objects], all of them"),
		integersField("seeds", "Seeds of the initial weights and of the batch orders. Figures of the paper show the first.", &e.Seeds, 0, maxSeed),
		booleanField("warm_start", "Whether the network of each k starts from the trained weights of the next smaller k and the same seed; that of the smallest starts as usual. Needs two values of k or more, ascending.", &e.WarmStart),
		integerField("steps", "Updates of Adam in each training, whatever k is, instead of train.epochs passes over the sample; 0 leaves it to train.epochs.", &e.Steps, 0, 1_000_000_000),
		integersField("curvature_seeds", "Those of the seeds whose networks have their curvature measured: spectra, single objects, increments, bounds, and of the first of each size the spectral density.", &e.CurvatureSeeds, 0, maxSeed),
		integersField("snapshots", "Epochs of the training of the network at at_hidden_size, at_num_layers, the largest k and the first seed, 0 before its first step: how far the top eigenspace of its Hessian turns between the weights after these.", &e.Snapshots, 0, 10000),
		choicesField("figures", "Figures that are drawn of the experiment; what shows one network shows at_hidden_size, at_num_layers, the largest k and the first seed. Those of curvature and bounds need that seed among curvature_seeds.", &e.Figures, figures.Names()),
		integerField("at_num_layers", "The num_layers that all figures but num_layers hold fixed.", &e.AtNumLayers, 0, 1000).or("5, or the only one of num_layers"),
		integerField("at_hidden_size", "The hidden_size that all figures but hidden_size hold fixed.", &e.AtHiddenSize, 1, 4096).or("16, or the only one of hidden_size"),
	}
}

// complete puts defaults that follow from other keys in place of what was
// left out.
func (e *Experiment) complete(objects int) {
	if e.SampleSizes == nil {
		e.SampleSizes = []int{objects}
	}
	e.AtNumLayers = fixed(e.AtNumLayers, e.NumLayers, paperNumLayers)
	e.AtHiddenSize = fixed(e.AtHiddenSize, e.HiddenSize, paperHiddenSize)
}

// fixed returns the given value, or where none was given the only one of the
// list or the paper's.
func fixed(given int, list []int, paper int) int {
	switch {
	case given != notGiven:
		return given
	case len(list) == 1:
		return list[0]
	}
	return paper
}

// recipe names how the experiment trains where it does not as the paper does,
// else it is empty.
func (e *Experiment) recipe() string {
	if !e.WarmStart && e.Steps == 0 {
		return ""
	}
	start, length := "cold start", "by epochs"
	if e.WarmStart {
		start = "warm start"
	}
	if e.Steps > 0 {
		length = chart.Plural(e.Steps, "update")
	}
	return start + ", " + length
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
	return "figures/" + e.Dataset + "_" + e.Input + "_" + figure
}
