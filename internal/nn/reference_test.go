package nn

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// goldenAdam is a training of another implementation in both precisions: the
// same data, initial weights and orders.
type goldenAdam struct {
	LR             float64     `json:"lr"`
	Betas          [2]float64  `json:"betas"`
	Eps            float64     `json:"eps"`
	BatchSize      int         `json:"batch_size"`
	LayerShapes    [][2]int    `json:"layer_shapes"`
	Labels         []uint8     `json:"labels"`
	EpochOrders    [][]int32   `json:"epoch_orders"`
	Inputs         []float64   `json:"inputs"`
	InitialWeights [][]float64 `json:"initial_weights"`
	Float32        goldenRun   `json:"float32"`
	Float64        goldenRun   `json:"float64"`
}

type goldenRun struct {
	BatchLosses  []float64   `json:"batch_losses"`
	FinalWeights [][]float64 `json:"final_weights"`
}

// data are the golden inputs, rounded to float32.
func (g goldenAdam) data(t *testing.T) *mlp.Data {
	t.Helper()
	labels := make([]int, len(g.Labels))
	for i, y := range g.Labels {
		labels[i] = int(y)
	}
	d, err := mlp.NewData(convert[float64](convert[float32](g.Inputs)), g.LayerShapes[0][1], labels)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readGoldenAdam(t *testing.T) (goldenAdam, mlp.Widths) {
	t.Helper()
	b, err := os.ReadFile("testdata/adam.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenAdam
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	w := mlp.Widths{g.LayerShapes[0][1]}
	for _, s := range g.LayerShapes {
		w = append(w, s[0])
	}
	return g, w
}

func convert[To, From float32 | float64](v []From) []To {
	out := make([]To, len(v))
	for i, x := range v {
		out[i] = To(x)
	}
	return out
}

// reference is a training in float64 without any of the trainer's layouts and
// kernels: one object after the other, each matrix out×in. The lists of gradients and
// moments have those of the biases behind those of the matrices.
type reference struct {
	widths                     mlp.Widths
	inputs                     []float64
	labels                     []uint8
	weights, biases            [][]float64 // biases are nil for none
	gradient, moment1, moment2 [][]float64
	beta1, beta2, rate, eps    float64
	power1, power2             float64
}

func newReference(g goldenAdam, w mlp.Widths, scale float64) *reference {
	return newBiasedReference(g, w, scale, nil)
}

func newBiasedReference(g goldenAdam, w mlp.Widths, scale float64, biases [][]float64) *reference {
	r := &reference{
		widths: w, inputs: g.Inputs, labels: g.Labels, biases: biases,
		beta1: g.Betas[0], beta2: g.Betas[1], rate: g.LR, eps: g.Eps, power1: 1, power2: 1,
	}
	for _, m := range g.InitialWeights {
		weights := make([]float64, len(m))
		for i, v := range m {
			weights[i] = scale * v
		}
		r.weights = append(r.weights, weights)
	}
	for _, m := range slices.Concat(r.weights, r.biases) {
		r.moment1, r.moment2 = append(r.moment1, make([]float64, len(m))), append(r.moment2, make([]float64, len(m)))
		r.gradient = append(r.gradient, make([]float64, len(m)))
	}
	return r
}

// backward sets the gradient of the mean loss of the objects in rows and
// returns the sum of their losses.
func (r *reference) backward(rows []int32) float64 {
	for p := range r.gradient {
		clear(r.gradient[p])
	}
	total, layers := 0.0, r.widths.Layers()
	for _, row := range rows {
		x := [][]float64{r.inputs[int(row)*r.widths[0]:][:r.widths[0]]}
		for p, w := range r.weights {
			z := make([]float64, r.widths[p+1])
			for u := range z {
				if r.biases != nil {
					z[u] = r.biases[p][u]
				}
				for j, v := range x[p] {
					z[u] += w[u*len(x[p])+j] * v
				}
				if p+1 < layers {
					z[u] = max(z[u], 0)
				}
			}
			x = append(x, z)
		}
		sum, y := 0.0, int(r.labels[row])
		for _, z := range x[layers] {
			sum += math.Exp(z)
		}
		total += math.Log(sum) - x[layers][y]
		delta := make([]float64, r.widths.Classes())
		for c, z := range x[layers] {
			delta[c] = math.Exp(z) / sum / float64(len(rows))
		}
		delta[y] -= 1 / float64(len(rows))
		for p := layers - 1; p >= 0; p-- {
			below := make([]float64, len(x[p]))
			for u, d := range delta {
				if r.biases != nil {
					r.gradient[layers+p][u] += d
				}
				for j, v := range x[p] {
					r.gradient[p][u*len(x[p])+j] += d * v
					if v > 0 {
						below[j] += d * r.weights[p][u*len(x[p])+j]
					}
				}
			}
			delta = below
		}
	}
	return total
}

// step takes a step of Adam and returns the sum of the losses before it.
func (r *reference) step(rows []int32) float64 {
	loss := r.backward(rows)
	r.power1, r.power2 = r.power1*r.beta1, r.power2*r.beta2
	all := slices.Concat(r.weights, r.biases)
	for p, gradient := range r.gradient {
		for i, g := range gradient {
			r.moment1[p][i] = r.beta1*r.moment1[p][i] + (1-r.beta1)*g
			r.moment2[p][i] = r.beta2*r.moment2[p][i] + (1-r.beta2)*g*g
			all[p][i] -= r.rate * r.moment1[p][i] / (1 - r.power1) / (math.Sqrt(r.moment2[p][i]/(1-r.power2)) + r.eps)
		}
	}
	return loss
}
