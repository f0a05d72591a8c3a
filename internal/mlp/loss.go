package mlp

import (
	"fmt"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// LossKind is what a network's outputs are compared with.
type LossKind int

const (
	CrossEntropy LossKind = iota // softmax cross-entropy with the class of an object
	MSE                          // mean over the outputs of (z − t)²
	BCE                          // mean over the outputs of the cross-entropy of the sigmoid with t
)

var lossNames = []string{"cross_entropy", "mse", "bce"}

// LossNames lists what [ParseLoss] takes.
func LossNames() []string { return append([]string(nil), lossNames...) }

// String is the name of the loss.
func (k LossKind) String() string { return lossNames[k] }

// ParseLoss is the inverse of String.
func ParseLoss(name string) (LossKind, error) {
	for i, n := range lossNames {
		if n == name {
			return LossKind(i), nil
		}
	}
	return 0, fmt.Errorf("loss %q: want one of %s", name, strings.Join(lossNames, ", "))
}

// Loss is the loss of one object as a function of its K outputs z: its value,
// its gradient r, and its Hessian A in a form that products with it, its root
// and its entries are taken from.
//
// A is diag(a) for the losses that are sums over the outputs, and diag(a) − aaᵀ
// for the softmax, where a are the probabilities.
type Loss struct {
	Kind LossKind
	// Smoothing ε of cross-entropy: the class has the target 1 − ε + ε/K, the
	// others ε/K.
	Smoothing float64
}

// Separable reports whether the loss is a sum over the outputs, so that A is
// diagonal. Otherwise A takes the same for all outputs to zero.
func (l Loss) Separable() bool { return l.Kind != CrossEntropy }

// Targets reports whether an object has a float per output instead of a class.
func (l Loss) Targets() bool { return l.Kind != CrossEntropy }

// Validate reports what is wrong with l for that many outputs, if anything.
func (l Loss) Validate(outputs int) error {
	switch {
	case l.Kind == CrossEntropy && outputs < 2:
		return fmt.Errorf("%d classes, want at least 2", outputs)
	case !(l.Smoothing >= 0 && l.Smoothing < 1):
		return fmt.Errorf("label smoothing %v: want at least 0 and less than 1", l.Smoothing)
	case l.Smoothing != 0 && l.Kind != CrossEntropy:
		return fmt.Errorf("label smoothing %v: it belongs to cross_entropy, not to %v", l.Smoothing, l.Kind)
	}
	return nil
}

// At returns the loss of outputs z and sets r to its gradient and a to the
// numbers of A; top is the largest output. The target is the class y, or the
// floats t where the loss has Targets. Nothing is added to a number that cancels
// it: the residual of a class is minus the sum of the others.
func (l Loss) At(z []float64, y int, t, r, a []float64) (loss float64, top int) {
	if l.Separable() {
		return l.separable(z, t, r, a)
	}
	var others float64
	loss, top, others = CrossEntropyLoss(z, y)
	outputs := float64(len(z))
	share := l.Smoothing / outputs
	if l.Smoothing > 0 {
		// −Σ t_c log p_c = log1p(others) + Σ t_c (z_top − z_c)
		sum := 0.0
		for c := range z {
			sum += float64(share * (z[y] - z[c]))
		}
		loss += sum
	}
	total, wrong := 1+others, 0.0
	for c := range z {
		a[c] = 1 / total
		if c != top {
			a[c] = detmath.Exp(z[c]-z[top]) / total
		}
		r[c] = a[c] - share
		if c != y {
			wrong += r[c]
		}
	}
	r[y] = -wrong
	return loss, top
}

// Value is the loss alone, see [Loss.At].
func (l Loss) Value(z []float64, y int, t []float64) float64 {
	if l == (Loss{}) {
		loss, _, _ := CrossEntropyLoss(z, y)
		return loss
	}
	unused := make([]float64, 2*len(z))
	loss, _ := l.At(z, y, t, unused[:len(z)], unused[len(z):])
	return loss
}

// separable is At for the sums over outputs.
func (l Loss) separable(z, t, r, a []float64) (loss float64, top int) {
	outputs := float64(len(z))
	for c := range z {
		if z[c] > z[top] {
			top = c
		}
		if l.Kind == MSE {
			d := z[c] - t[c]
			loss += float64(d * d)
			r[c], a[c] = 2*d/outputs, 2/outputs
			continue
		}
		s, other := detmath.Sigmoid(z[c]), detmath.Sigmoid(-z[c])
		loss += (max(z[c], 0) - float64(z[c]*t[c])) + detmath.Log1p(detmath.Exp(-math.Abs(z[c])))
		r[c] = (float64(s*(1-t[c])) - float64(other*t[c])) / outputs // σ(z) − t
		a[c] = float64(s*other) / outputs
	}
	return loss / outputs, top
}

// CrossEntropyLoss returns the cross-entropy of logits z for class y in nats, the
// most likely class top (the lowest one of a tie), and others = Σ_{c≠top}
// exp(z_c − z_top), so that the most likely class has probability
// 1/(1 + others). The loss is (z_top − z_y) + log1p(others): it is exact to the
// last bits however confident the network is, because the small sum is never
// added to 1, and nothing overflows.
func CrossEntropyLoss(z []float64, y int) (loss float64, top int, others float64) {
	for c := range z {
		if z[c] > z[top] {
			top = c
		}
	}
	for c := range z {
		if c != top {
			others += detmath.Exp(z[c] - z[top])
		}
	}
	return detmath.Log1p(others) + (z[top] - z[y]), top, others
}
