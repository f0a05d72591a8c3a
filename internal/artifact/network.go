package artifact

import (
	"fmt"
	"strconv"
)

// Network names a network: what it learns, its shape, its sample and how it is
// trained.
type Network struct {
	Dataset    string
	Input      string // what it sees of an object: direct or features
	HiddenSize int    // h
	NumLayers  int    // the code's num_layers: two less than the weight matrices
	SampleSize int    // k: it is trained on the first k objects
	Seed       int64
	Steps      int    // updates; 0: as many as the epochs make
	After      string // of a warm start: the sizes that it was trained on before, as in "100+200"

	// A training until a goal: it ends when the mean loss of the sample, in nats, or
	// the norm of its gradient is at most that, or after MaxEpochs. All are 0 for a
	// training of a given length.
	UntilLoss     float64 `json:",omitempty"`
	UntilGradient float64 `json:",omitempty"`
	MaxEpochs     int     `json:",omitempty"`

	// Optimiser is "sgd", empty for Adam; Momentum is that of SGD. LearningRate is 0
	// where it is the usual one of the run.
	Optimiser    string  `json:",omitempty"`
	Momentum     float64 `json:",omitempty"`
	LearningRate float64 `json:",omitempty"`

	Bias bool `json:",omitempty"` // each layer has biases

	// Recipe is how the experiment that shows the network trains; empty for the
	// paper's way. It is not part of the identity: the smallest network of a warm
	// start may be one of a cold start.
	Recipe string

	// Given is the name of a network that no run trained. Of such a network
	// only Dataset and Input are known besides; they are texts for titles.
	Given string
}

// WarmStart begins the Recipe of networks that start from the weights of the
// next smaller sample.
const WarmStart = "warm start"

// UsualInput is what networks see of an object unless their names say otherwise.
const UsualInput = "direct"

// Data names what the network learns, as its stages do: "mnist", or with another
// input than the usual one "mnist,features".
func (n Network) Data() string {
	if n.Input == UsualInput {
		return n.Dataset
	}
	return n.Dataset + "," + n.Input
}

// ID is the name of the network among all of a run. It depends on the network
// alone, and leaves out what is as usual: the input, a training by epochs with
// Adam, a cold start, layers without biases.
func (n Network) ID() string {
	if n.Given != "" {
		return n.Given
	}
	id := fmt.Sprintf("%s,h=%d,num_layers=%d,k=%d,seed=%d", n.Data(), n.HiddenSize, n.NumLayers, n.SampleSize, n.Seed)
	if n.Steps > 0 {
		id += fmt.Sprintf(",steps=%d", n.Steps)
	}
	if n.After != "" {
		id += ",after=" + n.After
	}
	for _, x := range n.Training() {
		id += "," + x[0] + "=" + x[1]
	}
	return id
}

// Until reports whether the training lasts until a goal is reached.
func (n Network) Until() bool { return n.UntilLoss > 0 || n.UntilGradient > 0 }

// Training returns the names and values of what is unusual about the training,
// apart from its steps and its start, and about the layers.
func (n Network) Training() (list [][2]string) {
	number := func(name string, v float64) {
		if v > 0 {
			list = append(list, [2]string{name, strconv.FormatFloat(v, 'g', -1, 64)})
		}
	}
	number("until_loss", n.UntilLoss)
	number("until_gradient", n.UntilGradient)
	number("max_epochs", float64(n.MaxEpochs))
	if n.Optimiser != "" {
		list = append(list, [2]string{"optimiser", n.Optimiser})
	}
	number("momentum", n.Momentum)
	number("learning_rate", n.LearningRate)
	if n.Bias {
		list = append(list, [2]string{"bias", "true"})
	}
	return list
}

// Result is the name under which stages that read many networks have one of
// the network's results, "losses/summary", among their inputs.
func (n Network) Result(name string) string { return name + "/" + n.ID() }
