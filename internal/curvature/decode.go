package curvature

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// Names of the artifacts that Decode reads, the inputs of every curvature
// stage.
const (
	Images  = "images"  // .npy, objects first: uint8 pixels, or float32 or float64 values taken as they are
	Labels  = "labels"  // .npy, one integer an object
	Weights = "weights" // safetensors, F32 or F64: layers.0.weight, layers.1.weight, …, out×in
)

// Decode reads a network and the first sample objects of its data; sample 0
// means all of them.
func Decode(inputs map[string][]byte, sample int) (*Network, *Data, error) {
	network, err := DecodeNetwork(inputs[Weights])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Weights, err)
	}
	images, err := npy.Decode(inputs[Images])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Images, err)
	}
	labels, err := npy.Decode(inputs[Labels])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	y, err := labels.Int64s()
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	if len(images.Shape) < 2 || images.Shape[0] != len(y) || len(labels.Shape) != 1 {
		return nil, nil, fmt.Errorf("input %s has shape %v, %s has %v: want objects × values, and a label an object", Images, images.Shape, Labels, labels.Shape)
	}
	if sample == 0 {
		sample = len(y)
	}
	if sample < 1 || sample > len(y) {
		return nil, nil, fmt.Errorf("sample size is %d: want 1 to %d, the objects of the data set", sample, len(y))
	}
	classes := make([]int, sample)
	for i := range classes {
		if y[i] < 0 || y[i] >= int64(network.Classes()) {
			return nil, nil, fmt.Errorf("input %s: label of object %d is %d: want 0 … %d", Labels, i, y[i], network.Classes()-1)
		}
		classes[i] = int(y[i])
	}
	width := images.Len() / max(len(y), 1)
	if width != network.Inputs() {
		return nil, nil, fmt.Errorf("input %s has %d values an object, the network's first matrix takes %d", Images, width, network.Inputs())
	}
	var data *Data
	if images.DType == npy.Uint8 {
		bytes, err := npy.Values[uint8](images)
		if err != nil {
			return nil, nil, fmt.Errorf("input %s: %w", Images, err)
		}
		data, err = NewPixels(bytes[:sample*width], width, classes)
		return network, data, err
	}
	values, err := images.Float64s()
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Images, err)
	}
	data, err = NewData(values[:sample*width], width, classes)
	return network, data, err
}

// DecodeNetwork reads matrices layers.0.weight, layers.1.weight, … of a
// safetensors file, which must hold nothing else.
func DecodeNetwork(b []byte) (*Network, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	var widths []int
	var weights [][]float64
	for p := range file.Tensors {
		t, err := file.Tensor(fmt.Sprintf("layers.%d.weight", p))
		if err != nil {
			return nil, fmt.Errorf("%w; want matrices layers.0.weight to layers.%d.weight and nothing else", err, len(file.Tensors)-1)
		}
		if len(t.Shape) != 2 {
			return nil, fmt.Errorf("tensor %s has shape %v: want a matrix, outputs × inputs", t.Name, t.Shape)
		}
		if p == 0 {
			widths = []int{t.Shape[1]}
		} else if t.Shape[1] != widths[p] {
			return nil, fmt.Errorf("tensor %s has shape %v: want %d columns, the rows of the one before", t.Name, t.Shape, widths[p])
		}
		widths = append(widths, t.Shape[0])
		matrix, err := t.Float64s()
		if err != nil {
			return nil, err
		}
		weights = append(weights, matrix)
	}
	return NewNetwork(widths, weights)
}
