package curvature

import "fmt"

// First returns the first k objects. They share the memory of all.
func (d *Data) First(k int) (*Data, error) {
	k = min(k, d.Objects)
	if d.values != nil {
		return NewData(d.values[:k*d.Width], d.Width, d.Labels[:k])
	}
	return NewPixels(d.bytes[:k*d.Width], d.Width, d.Labels[:k])
}

// Subset returns the listed objects, in that order, as data of their own; if
// they are consecutive they share the memory of all. What is computed of an
// object alone has the same bits as in all of the data.
func (d *Data) Subset(objects []int) (*Data, error) {
	labels := make([]int, len(objects))
	for j, i := range objects {
		if i < 0 || i >= d.Objects {
			return nil, fmt.Errorf("object %d of %d", i, d.Objects)
		}
		labels[j] = d.Labels[i]
	}
	if d.values != nil {
		return NewData(rows(d.values, d.Width, objects), d.Width, labels)
	}
	s, err := NewPixels(rows(d.bytes, d.Width, objects), d.Width, labels)
	if err == nil {
		s.sparse = d.sparse
	}
	return s, err
}

// rows returns the listed rows of a matrix, in place where they follow one
// another.
func rows[T any](matrix []T, width int, list []int) []T {
	consecutive := len(list) > 0
	for j, i := range list {
		consecutive = consecutive && i == list[0]+j
	}
	if consecutive {
		return matrix[list[0]*width : (list[0]+len(list))*width]
	}
	out := make([]T, 0, len(list)*width)
	for _, i := range list {
		out = append(out, matrix[i*width:(i+1)*width]...)
	}
	return out
}
