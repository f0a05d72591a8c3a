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

// Subset returns the listed objects, in that order, as data of their own.
func (d *Data) Subset(objects []int) (*Data, error) {
	labels := make([]int, len(objects))
	var bytes []uint8
	var values []float64
	for j, i := range objects {
		if i < 0 || i >= d.Objects {
			return nil, fmt.Errorf("object %d of %d", i, d.Objects)
		}
		labels[j] = d.Labels[i]
		if d.values != nil {
			values = append(values, d.values[i*d.Width:(i+1)*d.Width]...)
		} else {
			bytes = append(bytes, d.bytes[i*d.Width:(i+1)*d.Width]...)
		}
	}
	if d.values != nil {
		return NewData(values, d.Width, labels)
	}
	return NewPixels(bytes, d.Width, labels)
}
