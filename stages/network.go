package stages

import (
	"fmt"
	"strconv"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// network names one network of a run. With the params of [train] and the
// data it is the whole identity of its training, so two experiments that name
// the same one share it.
type network struct {
	dataset, input string
	hiddenSize     int
	numLayers      int
	sampleSize     int
	seed           int64
}

// grid yields the networks of the experiment, seeds running fastest.
func (e *Experiment) grid(yield func(network) bool) {
	for _, h := range e.HiddenSize {
		for _, l := range e.NumLayers {
			for _, k := range e.SampleSizes {
				for _, seed := range e.Seeds {
					if !yield(network{e.Dataset, e.Input, h, l, k, seed}) {
						return
					}
				}
			}
		}
	}
}

// id is the name of the network within its data set and input:
// "h=16,l=5,k=10000,seed=0".
func (n network) id() string {
	return fmt.Sprintf("h=%d,l=%d,k=%d,seed=%d", n.hiddenSize, n.numLayers, n.sampleSize, n.seed)
}

// fullID names the network in the whole run: "mnist,direct,h=16,…".
func (n network) fullID() string { return n.dataset + "," + n.input + "," + n.id() }

// node is a stage of the network of the given kind.
func (n network) node(kind string, inputs ...pipeline.Input) pipeline.Node {
	return pipeline.Node{
		Name: kind + "[" + n.fullID() + "]",
		Labels: []pipeline.Label{
			{Key: "dataset", Value: n.dataset},
			{Key: "input", Value: n.input},
			{Key: "h", Value: strconv.Itoa(n.hiddenSize)},
			{Key: "l", Value: strconv.Itoa(n.numLayers)},
			{Key: "k", Value: strconv.Itoa(n.sampleSize)},
			{Key: "seed", Value: strconv.FormatInt(n.seed, 10)},
		},
		Inputs:   inputs,
		Estimate: n.estimate(kind),
	}
}

// part is one of several stages of the network of the given kind.
func (n network) part(kind, detail string, inputs ...pipeline.Input) pipeline.Node {
	node := n.node(kind, inputs...)
	if detail != "" {
		node.Name = fmt.Sprintf("%s[%s,%s]", kind, n.fullID(), detail)
		node.Labels = append(node.Labels, pipeline.Label{Key: "part", Value: detail})
	}
	return node
}

// nanoseconds are what kinds of stages take for each object and weight on one
// core, roughly: enough to begin with the long ones.
var nanoseconds = map[string]float64{
	"train": 0.5, "losses": 0.05, "spectra": 40, "operator": 20, "density": 25, "bounds": 15, "objects": 4,
}

func (n network) estimate(kind string) time.Duration {
	const inputs = 784 // the order does not hang on it
	weights := n.hiddenSize * (inputs + n.numLayers*n.hiddenSize)
	return time.Duration(nanoseconds[kind] * float64(n.sampleSize) * float64(weights))
}
