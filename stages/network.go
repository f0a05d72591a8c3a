package stages

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
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
	steps          int    // updates of Adam; 0: as many as the epochs make
	after          string // of a warm start: the sizes that it was trained on before, as in "100+200"
}

// grid yields the networks of the experiment, seeds running fastest.
func (e *Experiment) grid(yield func(network) bool) {
	for _, h := range e.HiddenSize {
		for _, l := range e.NumLayers {
			for i := range e.SampleSizes {
				for _, seed := range e.Seeds {
					if !yield(e.network(h, l, i, seed)) {
						return
					}
				}
			}
		}
	}
}

// network is the network of size number i of the experiment.
func (e *Experiment) network(h, l, i int, seed int64) network {
	n := network{
		dataset: e.Dataset, input: e.Input, hiddenSize: h, numLayers: l, sampleSize: e.SampleSizes[i], seed: seed, steps: e.Steps,
	}
	if e.WarmStart {
		before := make([]string, i)
		for j := range before {
			before[j] = strconv.Itoa(e.SampleSizes[j])
		}
		n.after = strings.Join(before, "+")
	}
	return n
}

// before is the network whose weights n starts from, if it has a warm start.
func (n network) before() (from network, warm bool) {
	if n.after == "" {
		return network{}, false
	}
	at := strings.LastIndexByte(n.after, '+')
	from = n
	from.sampleSize, _ = strconv.Atoi(n.after[at+1:])
	from.after = n.after[:max(at, 0)]
	return from, true
}

// id is the name of the network within its data set and input:
// "h=16,l=5,k=10000,seed=0", with steps and sizes before where it has them.
func (n network) id() string {
	id := fmt.Sprintf("h=%d,l=%d,k=%d,seed=%d", n.hiddenSize, n.numLayers, n.sampleSize, n.seed)
	if n.steps > 0 {
		id += fmt.Sprintf(",steps=%d", n.steps)
	}
	if n.after != "" {
		id += ",after=" + n.after
	}
	return id
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
			{Key: "steps", Value: strconv.Itoa(n.steps)},
			{Key: "after", Value: cmp.Or(n.after, "none")},
		},
		Inputs:   outputs(inputs),
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
	"train": 0.5, "losses": 0.05, "spectra": 40, "operator": 20, "density": 25, "bounds": 15, "objects": 4, "rotation": 40, "increments": 7,
}

func (n network) estimate(kind string) time.Duration {
	const inputs = 784 // the order does not hang on it
	weights := n.hiddenSize * (inputs + n.numLayers*n.hiddenSize)
	return time.Duration(nanoseconds[kind] * float64(n.sampleSize) * float64(weights))
}
