package pipeline

import "iter"

// Axis is one dimension of a matrix: a label and its values.
type Axis struct {
	Key    string
	Values []string
}

// Matrix returns all combinations of the values of the axes, the last axis
// running fastest. Each combination is a slice of its own, with one label an
// axis, in their order. Without axes there is one combination, the empty one.
func Matrix(axes ...Axis) iter.Seq[[]Label] {
	return func(yield func([]Label) bool) {
		at := make([]int, len(axes))
		for _, a := range axes {
			if len(a.Values) == 0 {
				return
			}
		}
		for {
			labels := make([]Label, len(axes))
			for i, a := range axes {
				labels[i] = Label{Key: a.Key, Value: a.Values[at[i]]}
			}
			if !yield(labels) {
				return
			}
			i := len(axes) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(axes[i].Values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}
