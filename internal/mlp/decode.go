package mlp

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// The names of the inputs that [Decode] reads.
const (
	Images  = "images"  // .npy, objects first: uint8 pixels, or float32 or float64 features
	Labels  = "labels"  // .npy, one integer per object
	Weights = "weights" // safetensors, F32 or F64: layers.0.weight, layers.1.weight, …, out×in
)

// Decode reads a network and the first sample objects of its data from a
// stage's inputs; sample 0 means all of them. Its error names the input at
// fault.
func Decode(inputs map[string][]byte, sample int) (*Network, *Data, error) {
	network, err := DecodeNetwork(inputs[Weights])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Weights, err)
	}
	data, err := DecodeData(inputs, sample, network.Classes())
	if err != nil {
		return nil, nil, err
	}
	if data.Width != network.Inputs() {
		return nil, nil, fmt.Errorf("input %s has %d values per object, the network's first matrix takes %d", Images, data.Width, network.Inputs())
	}
	return network, data, nil
}

// DecodeData reads the first sample objects, of so many classes; sample 0 means
// all of them. Its error names the input at fault.
func DecodeData(inputs map[string][]byte, sample, classes int) (*Data, error) {
	images, err := npy.Decode(inputs[Images])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Images, err)
	}
	file, err := npy.Decode(inputs[Labels])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	labels, err := file.Int64s()
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	if len(images.Shape) < 2 || images.Len() == 0 || images.Shape[0] != len(labels) || len(file.Shape) != 1 {
		return nil, fmt.Errorf("input %s has shape %v, %s has %v: want objects × values, and one label per object", Images, images.Shape, Labels, file.Shape)
	}
	if sample == 0 {
		sample = len(labels)
	}
	if sample < 1 || sample > len(labels) {
		return nil, fmt.Errorf("sample size is %d: want 1 to %d, the objects of the data set", sample, len(labels))
	}
	chosen := make([]int, sample)
	for i := range chosen {
		chosen[i] = int(labels[i])
	}
	width := images.Len() / len(labels)
	var data *Data
	if images.DType == npy.Uint8 {
		var bytes []uint8
		if bytes, err = npy.Values[uint8](images); err == nil {
			data, err = NewPixels(bytes[:sample*width], width, chosen)
		}
	} else {
		var values []float64
		if values, err = images.Float64s(); err == nil {
			data, err = NewData(values[:sample*width], width, chosen)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Images, err)
	}
	if err := data.CheckLabels(classes); err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	return data, nil
}

// weightName is the name of weight matrix p, from 0, in a safetensors file.
func weightName(p int) string { return fmt.Sprintf("layers.%d.weight", p) }

// EncodeWeights returns the network as a safetensors file of F32 matrices
// out×in, named layers.0.weight and so on from the input.
func EncodeWeights(w Widths, weights [][]float32) ([]byte, error) {
	if err := CheckWeights(w, weights); err != nil {
		return nil, err
	}
	tensors := make([]safetensors.Tensor, len(weights))
	for p, m := range weights {
		tensors[p] = safetensors.Float32Tensor(weightName(p), []int{w[p+1], w[p]}, m)
	}
	return safetensors.Encode(nil, tensors...)
}

// DecodeNetwork reads a network that [EncodeWeights] or another program wrote:
// matrices out×in named layers.0.weight, layers.1.weight, …, F32 or F64, in any
// order but without a gap, each as wide as the one before it is high, and all
// finite. Other tensors, biases above all, are an error: the network has none.
func DecodeNetwork(b []byte) (*Network, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	if len(file.Tensors) == 0 {
		return nil, fmt.Errorf("the file holds no tensors: want %s and so on", weightName(0))
	}
	var w Widths
	var weights [][]float64
	for p := range file.Tensors {
		t, err := file.Tensor(weightName(p))
		if err != nil {
			return nil, fmt.Errorf("%w; want matrices %s to %s and nothing else", err, weightName(0), weightName(len(file.Tensors)-1))
		}
		if len(t.Shape) != 2 {
			return nil, fmt.Errorf("tensor %s has shape %v: want a matrix, outputs × inputs", t.Name, t.Shape)
		}
		if p == 0 {
			w = Widths{t.Shape[1]}
		} else if t.Shape[1] != w[p] {
			return nil, fmt.Errorf("tensor %s has shape %v: want %d columns, the rows of %s", t.Name, t.Shape, w[p], weightName(p-1))
		}
		w = append(w, t.Shape[0])
		m, err := t.Float64s()
		if err != nil {
			return nil, err
		}
		weights = append(weights, m)
	}
	return NewNetwork(w, weights)
}
