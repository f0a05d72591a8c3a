package userfiles

import (
	"fmt"
	"slices"
	"strings"
)

// arrange puts the layers into the order in which they are applied. The matrices
// are outputs × inputs unless only the other reading fits, or transposed says so.
func arrange(layers []layer, ordered, transposed bool, values, outputs int) (*network, error) {
	asGiven := &network{layers: layers}
	turned := &network{layers: slices.Clone(layers), transposed: true}
	for p, l := range turned.layers {
		l.Shape = []int{l.Shape[1], l.Shape[0]} // the values are moved once this reading is taken
		turned.layers[p] = l
	}
	readings := []*network{asGiven, turned}
	switch {
	case transposed:
		readings = []*network{turned}
	case asGiven.kernels():
		readings = []*network{turned, asGiven}
	}
	// A network that fits neither the objects nor the labels is better than none:
	// the mistake is in another file then.
	for _, want := range []struct{ width, outputs int }{{values, outputs}, {values, 0}, {0, outputs}, {0, 0}} {
		for _, n := range readings {
			if !n.biasesFit() {
				continue
			}
			if ordered {
				if n.chain() == nil && (want.width == 0 || n.layers[0].Shape[1] == want.width) {
					return n.take(n.names(), transposed)
				}
				continue
			}
			orders, all := n.orders(numbered, want.width, want.outputs)
			switch {
			case all && len(orders) == 1:
				return n.take(orders[0], transposed)
			case len(orders) > 0:
				return nil, n.ambiguous(orders, all)
			}
		}
	}
	n := readings[0]
	if !n.biasesFit() {
		for _, l := range n.layers {
			if l.bias != nil && length(l.bias.Shape) != l.Shape[0] {
				return nil, mistake("", "%s has the bias %s: want a value for each of its %d outputs", quote(l.Tensor), quote(*l.bias), l.Shape[0])
			}
		}
	}
	if err := n.chain(); err != nil {
		return nil, err
	}
	return nil, mistake("--layers NAME,… gives the matrices from the input to the output", "no order of the matrices is the one that the numbers in their names give")
}

// kernels reports whether all matrices are called kernels, as in Keras and Flax,
// which have them as inputs × outputs.
func (n *network) kernels() bool {
	for _, l := range n.layers {
		if !strings.Contains(strings.ToLower(lastWord(l.Name)), "kernel") {
			return false
		}
	}
	return true
}

// biasesFit reports whether each layer has a bias for each of its outputs.
func (n *network) biasesFit() bool {
	for _, l := range n.layers {
		if l.bias != nil && length(l.bias.Shape) != l.Shape[0] {
			return false
		}
	}
	return true
}

// take puts the layers into that order and turns the matrices if this reading does.
func (n *network) take(order []string, expected bool) (*network, error) {
	before := n.names()
	list := make([]layer, len(order))
	for p, name := range order {
		list[p] = n.layers[slices.Index(before, name)]
		if n.transposed {
			l := list[p]
			l.Shape = []int{l.Shape[1], l.Shape[0]}
			l.Tensor = transpose(l.Tensor)
			list[p] = l
		}
	}
	n.layers = list
	if err := n.chain(); err != nil {
		return nil, err
	}
	if n.transposed && !expected {
		n.notes = append(n.notes, "the matrices are inputs × outputs and were transposed")
	}
	if !slices.Equal(before, order) {
		n.notes = append(n.notes, "the order of the matrices follows from their shapes: "+strings.Join(order, ", "))
	}
	return n, nil
}

// chain checks that the matrices can be applied one after another, and sets the
// widths.
func (n *network) chain() error {
	n.widths = []int{n.layers[0].Shape[1]}
	for p, l := range n.layers {
		if p > 0 && l.Shape[1] != n.layers[p-1].Shape[0] {
			before := n.layers[p-1]
			return mistake(n.advice(), "tensor %s does not follow on %s: it has %d columns, want %d, the rows of the one before", quote(l.Tensor), quote(before.Tensor), l.Shape[1], before.Shape[0])
		}
		n.widths = append(n.widths, l.Shape[0])
	}
	return nil
}

// ambiguous lists the orders that the names and shapes of the matrices leave.
func (n *network) ambiguous(orders [][]string, all bool) error {
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

// advice looks for an order in which the matrices fit, whatever their numbers say.
func (n *network) advice() string {
	if orders, all := n.orders(func(a, b string) bool { return false }, 0, 0); all && len(orders) == 1 {
		return "this order fits: --layers " + strings.Join(orders[0], ",")
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
