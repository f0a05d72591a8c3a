package userfiles

import (
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// layer is a matrix, outputs × inputs, with its biases.
type layer struct {
	safetensors.Tensor
	bias *safetensors.Tensor // nil where it has none
}

// network holds the layers in the order in which they are applied.
type network struct {
	layers     []layer
	widths     []int
	transposed bool     // the file has the matrices as inputs × outputs
	skipped    []string // the other tensors of the file
	activation mlp.Activation
	loss       mlp.Loss
	notes      []string // what was concluded
}

func (n *network) names() []string {
	names := make([]string, len(n.layers))
	for p, l := range n.layers {
		names[p] = l.Name
	}
	return names
}

// encode writes the layers under the names that the stages know, and what the
// activation and the loss are. F32 and F64 keep their bits, halves become F32 of
// the same value.
func (n *network) encode() ([]byte, error) {
	var tensors []safetensors.Tensor
	for p, l := range n.layers {
		w, err := widened(l.Tensor, fmt.Sprintf("layers.%d.weight", p))
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, w)
		if l.bias == nil {
			continue
		}
		if w, err = widened(*l.bias, fmt.Sprintf("layers.%d.bias", p)); err != nil {
			return nil, err
		}
		w.Shape = []int{l.Shape[0]}
		tensors = append(tensors, w)
	}
	return safetensors.Encode(mlp.Metadata(n.activation, n.loss), tensors...)
}

// widened returns the tensor under another name, in F32 at least.
func widened(t safetensors.Tensor, name string) (safetensors.Tensor, error) {
	if t.DType == safetensors.F32 || t.DType == safetensors.F64 {
		t.Name = name
		return t, nil
	}
	values, err := t.Float64s()
	if err != nil {
		return t, err
	}
	narrow := make([]float32, len(values))
	for i, x := range values {
		narrow[i] = float32(x)
	}
	return safetensors.Float32Tensor(name, t.Shape, narrow), nil
}

// maxLayers bounds the matrices of a network.
const maxLayers = 1000

// readWeights finds the layers of a network that takes objects of that many
// values and gives at least that many outputs; either is 0 if it is not known.
func readWeights(b []byte, d Description, values, outputs int) (*network, error) {
	file, err := safetensors.Decode(b)
	if err != nil {
		text, hint := strings.TrimPrefix(err.Error(), "safetensors: "), saveHint
		if strings.Contains(text, "truncated") {
			hint = copyHint
		}
		return nil, mistake(hint, "%s", text)
	}
	layers, skipped, err := findLayers(file, d.Layers)
	if err != nil {
		return nil, err
	}
	if len(layers) > maxLayers {
		return nil, mistake("--layers NAME,… picks the matrices of one network", "%d matrices: at most %d are possible", len(layers), maxLayers)
	}
	for _, l := range layers {
		if err := l.check(); err != nil {
			return nil, err
		}
	}
	n, err := arrange(layers, len(d.Layers) > 0, d.Transposed, values, outputs)
	if err != nil {
		return nil, err
	}
	n.skipped = skipped
	if len(skipped) > 0 {
		n.notes = append(n.notes, "skipped: "+shortList(skipped))
	}
	if n.activation, n.loss, err = d.of(file.Metadata); err != nil {
		return nil, mistake("", "%v", err)
	}
	last := n.layers[len(n.layers)-1]
	if n.loss.Kind == mlp.CrossEntropy && last.Shape[0] < 2 {
		return nil, mistake("with one output, --loss mse or --loss bce takes --targets", "%s, the last matrix, has %d row: want one for each class, at least 2", quote(last.Tensor), last.Shape[0])
	}
	return n, nil
}

// check checks that a layer has a matrix of finite floats and such biases.
func (l layer) check() error {
	if err := checkMatrix(l.Tensor); err != nil || l.bias == nil {
		return err
	}
	return checkFloats(*l.bias)
}

func checkMatrix(t safetensors.Tensor) error {
	if len(t.Shape) != 2 {
		return mistake("", "tensor %s: want a matrix, outputs × inputs", quote(t))
	}
	if t.Shape[0] < 1 || t.Shape[1] < 1 {
		return mistake("", "tensor %s is empty", quote(t))
	}
	return checkFloats(t)
}

// isFloat reports whether the tensor has values that can be read.
func isFloat(t safetensors.Tensor) bool {
	return t.DType == safetensors.F16 || t.DType == safetensors.BF16 || t.DType == safetensors.F32 || t.DType == safetensors.F64
}

func checkFloats(t safetensors.Tensor) error {
	if !isFloat(t) {
		return mistake("in Python: {name: w.float() for name, w in model.state_dict().items()}", "tensor %s holds %s: want F16, BF16, F32 or F64", quote(t), t.DType)
	}
	values, err := t.Float64s()
	if err != nil {
		return err
	}
	for i, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			continue
		}
		at := fmt.Sprint(i)
		if len(t.Shape) == 2 {
			at = fmt.Sprintf("%d, %d", i/t.Shape[1], i%t.Shape[1])
		}
		return mistake("the training diverged, or the file is damaged", "tensor %s is %v at [%s]: want finite values", t.Name, x, at)
	}
	return nil
}

// transpose returns a matrix with rows and columns exchanged.
func transpose(t safetensors.Tensor) safetensors.Tensor {
	rows, columns, size := t.Shape[0], t.Shape[1], len(t.Data)/(t.Shape[0]*t.Shape[1])
	data := make([]byte, len(t.Data))
	for i := range rows {
		for j := range columns {
			copy(data[(j*rows+i)*size:][:size], t.Data[(i*columns+j)*size:])
		}
	}
	t.Shape, t.Data = []int{columns, rows}, data
	return t
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

// shortList writes names with commas, not too many of them.
func shortList(names []string) string {
	const most = 6
	if more := len(names) - most; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
