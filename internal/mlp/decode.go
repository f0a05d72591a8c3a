package mlp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// The names of the inputs that [Decode] reads.
const (
	Images  = "images"  // .npy, objects first: uint8 pixels, or float32 or float64 features
	Labels  = "labels"  // .npy, one integer per object; for mse and bce float64, objects × outputs
	Weights = "weights" // safetensors, F32 or F64; see [DecodeNetwork]
)

// Decode reads a network and the first sample objects of its data from a
// stage's inputs; sample 0 means all of them. Its error names the input at
// fault.
func Decode(inputs map[string][]byte, sample int) (*Network, *Data, error) {
	network, err := DecodeNetwork(inputs[Weights])
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", Weights, err)
	}
	data, err := decodeData(inputs, sample, network.Loss, network.Classes())
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
	return decodeData(inputs, sample, Loss{}, classes)
}

func decodeData(inputs map[string][]byte, sample int, loss Loss, outputs int) (*Data, error) {
	images, err := npy.Decode(inputs[Images])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Images, err)
	}
	file, err := npy.Decode(inputs[Labels])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	objects := 0
	if len(file.Shape) > 0 {
		objects = file.Shape[0]
	}
	var labels []int64
	var targets []float64
	if loss.Targets() {
		targets, err = npy.Values[float64](file)
	} else {
		labels, err = file.Int64s()
	}
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	if len(images.Shape) < 2 || images.Len() == 0 || images.Shape[0] != objects || !loss.Targets() && len(file.Shape) != 1 || loss.Targets() && len(file.Shape) != 2 {
		return nil, fmt.Errorf("input %s has shape %v, %s has %v: want objects × values, and one label per object", Images, images.Shape, Labels, file.Shape)
	}
	if sample == 0 {
		sample = objects
	}
	if sample < 1 || sample > objects {
		return nil, fmt.Errorf("sample size is %d: want 1 to %d, the objects of the data set", sample, objects)
	}
	chosen := make([]int, sample)
	if labels != nil {
		for i := range chosen {
			chosen[i] = int(labels[i])
		}
	}
	width := images.Len() / objects
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
	if targets != nil {
		perObject := file.Shape[1]
		if data, err = data.WithTargets(targets[:sample*perObject], perObject); err != nil {
			return nil, fmt.Errorf("input %s: %w", Labels, err)
		}
	}
	if err := data.CheckTargets(loss, outputs); err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	return data, nil
}

// weightName is the name of weight matrix p, from 0, in a safetensors file.
func weightName(p int) string { return fmt.Sprintf("layers.%d.weight", p) }

// biasName is the name of the biases of layer p, from 0.
func biasName(p int) string { return fmt.Sprintf("layers.%d.bias", p) }

// EncodeWeights returns the network as a safetensors file of F32 matrices
// out×in, named layers.0.weight and so on from the input, and of the biases of
// each layer, layers.0.bias and so on; biases are nil for a network without.
func EncodeWeights(w Widths, weights, biases [][]float32) ([]byte, error) {
	if err := CheckWeights(w, weights); err != nil {
		return nil, err
	}
	if err := CheckBiases(w, biases); err != nil {
		return nil, err
	}
	var tensors []safetensors.Tensor
	for p, m := range weights {
		tensors = append(tensors, safetensors.Float32Tensor(weightName(p), []int{w[p+1], w[p]}, m))
		if biases != nil && biases[p] != nil {
			tensors = append(tensors, safetensors.Float32Tensor(biasName(p), []int{w[p+1]}, biases[p]))
		}
	}
	return safetensors.Encode(nil, tensors...)
}

// The metadata of a file of weights; what the paper's network has is left out.
const (
	metaActivation = "activation"
	metaLoss       = "loss"
	metaSmoothing  = "label_smoothing"
)

// Metadata says in a file of weights what its matrices do not, nil for the paper's
// network.
func Metadata(a Activation, l Loss) map[string]string {
	m := map[string]string{}
	if a != ReLU {
		m[metaActivation] = a.String()
	}
	if l.Kind != CrossEntropy {
		m[metaLoss] = l.Kind.String()
	}
	if l.Smoothing != 0 {
		m[metaSmoothing] = strconv.FormatFloat(l.Smoothing, 'g', -1, 64)
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// DecodeNetwork reads a network that [EncodeWeights] or another program wrote:
// matrices out×in named layers.0.weight, layers.1.weight, …, F32 or F64, in any
// order but without a gap, each as wide as the one before it is high, with or
// without layers.0.bias and so on, and all finite. Other tensors are an error. The
// activation and the loss are in the file's metadata, see [Metadata]; without
// them it is the paper's network.
func DecodeNetwork(b []byte) (*Network, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	if len(file.Tensors) == 0 {
		return nil, fmt.Errorf("the file holds no tensors: want %s and so on", weightName(0))
	}
	layers, biases := 0, map[string]safetensors.Tensor{}
	for _, t := range file.Tensors {
		if strings.HasSuffix(t.Name, ".bias") {
			biases[t.Name] = t
		} else {
			layers++
		}
	}
	n := &Network{}
	for p := range layers {
		t, err := file.Tensor(weightName(p))
		if err != nil {
			return nil, fmt.Errorf("%w; want matrices %s to %s, their biases, and nothing else", err, weightName(0), weightName(layers-1))
		}
		if len(t.Shape) != 2 {
			return nil, fmt.Errorf("tensor %s has shape %v: want a matrix, outputs × inputs", t.Name, t.Shape)
		}
		if p == 0 {
			n.Widths = Widths{t.Shape[1]}
		} else if t.Shape[1] != n.Widths[p] {
			return nil, fmt.Errorf("tensor %s has shape %v: want %d columns, the rows of %s", t.Name, t.Shape, n.Widths[p], weightName(p-1))
		}
		n.Widths = append(n.Widths, t.Shape[0])
		m, err := t.Float64s()
		if err != nil {
			return nil, err
		}
		n.Weights = append(n.Weights, m)
		bias, ok := biases[biasName(p)]
		if !ok {
			continue
		}
		delete(biases, biasName(p))
		if len(bias.Shape) != 1 || bias.Shape[0] != t.Shape[0] {
			return nil, fmt.Errorf("tensor %s has shape %v: want %d values, the rows of %s", bias.Name, bias.Shape, t.Shape[0], t.Name)
		}
		if n.Biases == nil {
			n.Biases = make([][]float64, layers)
		}
		if n.Biases[p], err = bias.Float64s(); err != nil {
			return nil, err
		}
	}
	for _, t := range file.Tensors {
		if _, ok := biases[t.Name]; ok {
			return nil, fmt.Errorf("tensor %s has no matrix; want matrices %s to %s, their biases, and nothing else", t.Name, weightName(0), weightName(layers-1))
		}
	}
	if err := n.readMetadata(file.Metadata); err != nil {
		return nil, err
	}
	return n, n.Check()
}

// readMetadata is the inverse of [Metadata]; other keys say nothing.
func (n *Network) readMetadata(m map[string]string) (err error) {
	if name, ok := m[metaActivation]; ok {
		if n.Activation, err = ParseActivation(name); err != nil {
			return err
		}
	}
	if name, ok := m[metaLoss]; ok {
		if n.Loss.Kind, err = ParseLoss(name); err != nil {
			return err
		}
	}
	if text, ok := m[metaSmoothing]; ok {
		if n.Loss.Smoothing, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("label smoothing %q is not a number", text)
		}
	}
	return nil
}
