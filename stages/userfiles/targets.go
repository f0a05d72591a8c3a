package userfiles

import (
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// valuesOf is how many values an object has, 0 where the file does not tell.
func valuesOf(inputs []byte) int {
	a, err := npy.Decode(inputs)
	if err != nil || len(a.Shape) < 2 || a.Shape[0] < 1 {
		return 0
	}
	return a.Len() / a.Shape[0]
}

// outputsOf is how many outputs the network must have at least for the classes or
// the targets, 0 where the file does not tell.
func outputsOf(answers []byte, targets bool) int {
	a, err := npy.Decode(answers)
	if err != nil || a.Len() == 0 {
		return 0
	}
	if targets {
		if len(a.Shape) == 2 {
			return a.Shape[1]
		}
		return 1
	}
	if len(a.Shape) == 2 && a.Shape[1] > 1 && a.Shape[0] > 1 {
		return a.Shape[1] // one-hot rows
	}
	labels, err := wholeNumbers(a)
	if err != nil {
		return 0
	}
	return int(min(max(slices.Max(labels), 0), 1<<31)) + 1
}

// checkAnswers reports whether the file of classes or of targets is what the loss
// needs.
func checkAnswers(l mlp.Loss, targets bool) error {
	switch {
	case l.Targets() && !targets:
		return mistake("--targets takes floats of shape objects × outputs; in Python: numpy.save(\"targets.npy\", numpy.eye(classes)[labels])",
			"the loss %v wants targets in place of labels", l.Kind)
	case !l.Targets() && targets:
		return mistake("--loss mse or --loss bce takes targets; --labels takes the class of each object", "the loss %v wants labels in place of targets", l.Kind)
	}
	return nil
}

// readTargets checks that each object has a finite number for each output, under
// bce from 0 to 1, and writes them as a matrix.
func readTargets(b []byte, n *network, objects int, inputs string) ([]byte, error) {
	const hint = "in Python: numpy.save(\"targets.npy\", targets.astype(numpy.float64))"
	a, err := decode(b, hint, hint)
	if err != nil {
		return nil, err
	}
	outputs := n.widths[len(n.widths)-1]
	size := a.Shape
	if len(size) == 1 {
		size = []int{size[0], 1}
	}
	if len(size) != 2 || size[1] != outputs {
		return nil, mistake("", "array of shape (%s): want %d columns, one for each output of %s, the last matrix", shape(a.Shape), outputs, quote(n.layers[len(n.layers)-1].Tensor))
	}
	if size[0] != objects {
		return nil, mistake("", "there are targets of %d objects, but %s has %d objects", size[0], inputs, objects)
	}
	var values []float64
	if a.DType == npy.Float32 || a.DType == npy.Float64 {
		values, err = a.Float64s()
	} else {
		var integers []int64
		if integers, err = a.Int64s(); err == nil {
			for _, x := range integers {
				values = append(values, float64(x))
			}
		}
	}
	if err != nil {
		return nil, mistake(hint, "%v", err)
	}
	for i, x := range values {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			return nil, mistake("", "object %d, target %d is %v: want finite values", i/outputs, i%outputs, x)
		case n.loss.Kind == mlp.BCE && !(x >= 0 && x <= 1):
			return nil, mistake("the outputs are logits; the targets are 0, 1 or probabilities", "object %d, target %d is %v: bce wants 0 to 1", i/outputs, i%outputs, x)
		}
	}
	return npy.Encode([]int{objects, outputs}, values), nil
}
