package userfiles

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// network holds the matrices in the order in which they are applied.
type network struct {
	layers []safetensors.Tensor
	widths []int
}

func (n *network) names() []string {
	names := make([]string, len(n.layers))
	for p, l := range n.layers {
		names[p] = l.Name
	}
	return names
}

// encode writes the matrices under the names that the stages know, the bits
// of each as they are.
func (n *network) encode() ([]byte, error) {
	tensors := make([]safetensors.Tensor, len(n.layers))
	for p, l := range n.layers {
		tensors[p] = safetensors.Tensor{Name: fmt.Sprintf("layers.%d.weight", p), DType: l.DType, Shape: l.Shape, Data: l.Data}
	}
	return safetensors.Encode(nil, tensors...)
}

// maxLayers bounds the matrices of a network.
const maxLayers = 1000

// readWeights finds the matrices of a bias-free network; names says which and
// in what order, or nothing for all.
func readWeights(b []byte, names []string) (*network, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		text, hint := strings.TrimPrefix(err.Error(), "safetensors: "), saveHint
		if strings.Contains(text, "truncated") {
			hint = copyHint
		}
		return nil, mistake(hint, "%s", text)
	}
	n := &network{}
	if len(names) > 0 {
		n.layers, err = chosen(file, names)
	} else {
		n.layers, err = all(file)
	}
	if err != nil {
		return nil, err
	}
	if len(n.layers) > maxLayers {
		return nil, mistake("--layers NAME,… picks the matrices of one network", "%d matrices: at most %d are possible", len(n.layers), maxLayers)
	}
	for _, l := range n.layers {
		if err := checkMatrix(l); err != nil {
			return nil, err
		}
	}
	if err := n.chain(len(names) > 0); err != nil {
		return nil, err
	}
	if last := n.layers[len(n.layers)-1]; last.Shape[0] < 2 {
		return nil, mistake("", "%s, the last matrix, has %d row: want one for each class, at least 2", quote(last), last.Shape[0])
	}
	return n, nil
}

// all takes every tensor of the file, which must all be matrices.
func all(file *safetensors.File) ([]safetensors.Tensor, error) {
	if len(file.Tensors) == 0 {
		return nil, mistake(saveHint, "there is no tensor in the file")
	}
	var biases, others []string
	for _, t := range file.Tensors {
		switch {
		case len(t.Shape) == 1:
			biases = append(biases, quote(t))
		case len(t.Shape) != 2:
			others = append(others, quote(t))
		}
	}
	if len(biases) > 0 {
		return nil, mistake("build the layers with bias=False and train again; --layers NAME,… picks the matrices if other tensors are not part of the network",
			"%s: want matrices only, because the theory is of networks without biases", list(biases, "a bias or other vector", "biases or other vectors"))
	}
	if len(others) > 0 {
		return nil, mistake("--layers NAME,… picks the matrices if the others are not part of the network", "%s: want matrices only, outputs × inputs", list(others, "not a matrix", "not matrices"))
	}
	layers := slices.Clone(file.Tensors)
	slices.SortFunc(layers, func(a, b safetensors.Tensor) int { return natural(a.Name, b.Name) })
	return layers, nil
}

// chosen takes the named tensors, with or without ".weight" at the end.
func chosen(file *safetensors.File, names []string) ([]safetensors.Tensor, error) {
	var layers []safetensors.Tensor
	for i, name := range names {
		t, err := file.Tensor(name)
		if err != nil {
			var other error
			if t, other = file.Tensor(name + ".weight"); other != nil {
				return nil, mistake("--layers takes names of tensors, from the input to the output", "%s", strings.TrimPrefix(err.Error(), "safetensors: "))
			}
		}
		if slices.ContainsFunc(layers, func(l safetensors.Tensor) bool { return l.Name == t.Name }) {
			return nil, mistake("", "--layers names %s twice", names[i])
		}
		layers = append(layers, t)
	}
	for _, l := range layers {
		base, ok := strings.CutSuffix(l.Name, ".weight")
		if !ok {
			continue
		}
		if bias, err := file.Tensor(base + ".bias"); err == nil {
			return nil, mistake("build the layers with bias=False and train again", "%s is the bias of %s: want matrices only, because the theory is of networks without biases", quote(bias), l.Name)
		}
	}
	return layers, nil
}

// checkMatrix checks that a tensor is a matrix of finite floats.
func checkMatrix(t safetensors.Tensor) error {
	if len(t.Shape) != 2 {
		return mistake("", "tensor %s: want a matrix, outputs × inputs", quote(t))
	}
	if t.Shape[0] < 1 || t.Shape[1] < 1 {
		return mistake("", "tensor %s is empty", quote(t))
	}
	if t.DType != safetensors.F32 && t.DType != safetensors.F64 {
		return mistake("in Python: {name: w.float() for name, w in model.state_dict().items()}", "tensor %s holds %s: want F32 or F64", quote(t), t.DType)
	}
	values, err := t.Float64s()
	if err != nil {
		return err
	}
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return mistake("the training diverged, or the file is damaged", "tensor %s is %v at [%d, %d]: want finite values", t.Name, x, i/t.Shape[1], i%t.Shape[1])
		}
	}
	return nil
}

// chain checks that the matrices can be applied one after another.
func (n *network) chain(ordered bool) error {
	n.widths = []int{n.layers[0].Shape[1]}
	for p, l := range n.layers {
		if p > 0 && l.Shape[1] != n.layers[p-1].Shape[0] {
			before := n.layers[p-1]
			return mistake(n.advice(ordered), "tensor %s does not follow on %s: it has %d columns, want %d, the rows of the one before", quote(l), quote(before), l.Shape[1], before.Shape[0])
		}
		n.widths = append(n.widths, l.Shape[0])
	}
	return nil
}

// checkOrder checks that the names and shapes of the matrices leave no other
// order that takes objects of that many values and gives that many classes.
func (n *network) checkOrder(values, classes int) error {
	orders, all := n.orders(numbered, values, classes)
	if all && len(orders) == 1 {
		return nil
	}
	count := fmt.Sprint(len(orders))
	if !all {
		count = "several"
	}
	shown := make([]string, min(len(orders), maxListedOrders))
	for i := range shown {
		shown[i] = "--layers " + strings.Join(orders[i], ",")
	}
	hint := "give the right one, from the input to the output: " + strings.Join(shown, "; ")
	if len(shown) < len(orders) || !all {
		hint += "; …"
	}
	return mistake(hint, "%s orders of the matrices fit, and no numbers in their names tell which is right", count)
}

// advice looks for what would make the matrices fit. What fits from the last
// to the first also fits transposed.
func (n *network) advice(ordered bool) string {
	const transposed = "the matrices fit when transposed: save them as outputs × inputs, the way PyTorch has them"
	backwards := true
	for p := 1; p < len(n.layers); p++ {
		backwards = backwards && n.layers[p].Shape[0] == n.layers[p-1].Shape[1]
	}
	orders, all := n.orders(func(a, b string) bool { return false }, 0, 0)
	switch found := all && len(orders) == 1 && !ordered; {
	case found && backwards:
		return transposed + "; or give their order: --layers " + strings.Join(orders[0], ",")
	case found:
		return "this order fits: --layers " + strings.Join(orders[0], ",")
	case backwards:
		return transposed
	}
	return "--layers NAME,… gives the matrices from the input to the output"
}

// How far orders are looked for, and how many of them an error lists.
const (
	maxOrders       = 10
	maxOrderSteps   = 10_000
	maxListedOrders = 4
)

// orders returns the orders in which each matrix takes the outputs of the one
// before it, no matrix stands before one that precedes it, the first has that many
// columns (0: any) and the last at least that many rows. At most maxOrders are
// returned; all reports whether there are no others.
func (n *network) orders(precedes func(a, b string) bool, columns, rows int) (found [][]string, all bool) {
	var path []string
	used := make([]bool, len(n.layers))
	steps := 0
	before := make([][]int, len(n.layers)) // of each matrix, those that have to precede it
	for p := range n.layers {
		for q := range n.layers {
			if precedes(n.layers[q].Name, n.layers[p].Name) {
				before[p] = append(before[p], q)
			}
		}
	}
	var walk func(width int)
	walk = func(width int) {
		if steps++; steps > maxOrderSteps || len(found) > maxOrders {
			return
		}
		if len(path) == len(n.layers) {
			if width >= rows {
				found = append(found, slices.Clone(path))
			}
			return
		}
		for p, l := range n.layers {
			if used[p] || width > 0 && l.Shape[1] != width ||
				slices.ContainsFunc(before[p], func(q int) bool { return !used[q] }) {
				continue
			}
			used[p], path = true, append(path, l.Name)
			walk(l.Shape[0])
			used[p], path = false, path[:len(path)-1]
		}
	}
	walk(columns)
	if len(found) > maxOrders {
		return found[:maxOrders], false
	}
	return found, steps <= maxOrderSteps
}

// quote names a tensor with its shape: "fc1.weight (64×784)".
func quote(t safetensors.Tensor) string {
	if len(t.Shape) == 0 {
		return t.Name + " (a single number)"
	}
	return fmt.Sprintf("%s (%s)", t.Name, shape(t.Shape))
}

// shape writes lengths of dimensions as 64×784.
func shape(lengths []int) string {
	text := make([]string, len(lengths))
	for i, n := range lengths {
		text[i] = fmt.Sprint(n)
	}
	return strings.Join(text, "×")
}

// list writes that one or several things are something.
func list(names []string, one, many string) string {
	const most = 6
	if len(names) == 1 {
		return names[0] + " is " + one
	}
	if more := len(names) - most; more > 1 {
		return fmt.Sprintf("%s and %d more are %s", strings.Join(names[:most], ", "), more, many)
	}
	return strings.Join(names, ", ") + " are " + many
}
