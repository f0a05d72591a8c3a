package bounds

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// smallestNorm is 2^{−3/4} = 0.5946: from M_W ≥ 0.595 on √2 M_W² ≥ ½ ≥ ‖A‖₂,
// and Theorem 1 as printed bounds ‖G_i‖ although its exponent is wrong (T1).
const smallestNorm = 0.5946035575013605

// errors sizes the errors of the paper's theory on this network. s holds all
// other results already.
func (e *evaluation) errors(s *artifact.BoundsSummary) []artifact.TheoryError {
	c := e.constants
	layers, mx2, w2 := float64(c.Layers), float64(c.LargestX*c.LargestX), float64(c.LargestW*c.LargestW)
	high, second := 1.0, 0.0 // M_W^{2L}, Σ_{j=1}^L M_W^{2j}
	for range c.Layers {
		high = float64(high * w2)
		second += high
	}
	low, below := 1.0, 1.0 // M_W^{2L−2}, Σ_{j<L} M_W^{2j}
	for range c.Layers - 1 {
		low = float64(low * w2)
		below += low
	}
	scale := math.Sqrt2 * layers * mx2
	biased := 0 // what biases add to the rows and columns of a matrix
	if e.pt.Network.AnyBiased() {
		biased = 1
	}
	largestA := 0.0
	ratio := 0.0 // max ‖H_i‖/‖G_i‖
	fifth, sixth := e.objects.Row("B5"), e.objects.Row("B6")
	gauss := e.objects.Row("B0")
	for j := range fifth {
		if sixth[j] > 0 { // B6 has ½ where B5 has ‖A_i‖
			largestA = max(largestA, fifth[j]/sixth[j]/2)
		}
		if gauss[j] > tiny {
			ratio = max(ratio, capped(e.objects.Norm(j)/gauss[j]))
		}
	}
	theorem, _ := s.Bound("B9")
	lemma, _ := s.Bound("B10")
	wrongWidth := float64(float64(c.Width) * c.Largest) // hM
	rightWidth := 0.0                                   // √(n_p n_{p−1}) M of the largest matrix
	for p := range c.Layers {
		rightWidth = max(rightWidth, float64(math.Sqrt(float64((e.pt.Network.Widths[p]+biased)*(e.pt.Network.Widths[p+1]+biased)))*c.Largest))
	}
	gradient := s.Constants.LargestGradient
	closed := 0.0 // (M^{2L} − 1)/(M² − 1) as printed, times M²
	if w2 != 1 {
		closed = float64(w2 * (high - 1) / (w2 - 1))
	}
	var list []artifact.TheoryError
	add := func(number, what, printedText string, printed float64, correctedText string, corrected float64, violation bool) {
		list = append(list, artifact.TheoryError{
			Number: number, What: what, PrintedText: printedText, Printed: capped(printed),
			CorrectedText: correctedText, Corrected: capped(corrected), Violation: violation,
		})
	}
	add("T1", "the exponent of M_W is 2L−2, not 2L", "√2 L M_x² M_W^{2L}", scale*high, "√2 L M_x² M_W^{2L−2}", scale*low, theorem.Violations > 0)
	add("T2", "the ½ of Taylor's expansion is lost", "factor of M_H R²/(k+1) in Lemma 2", 2, "with the ½", 1, false)
	add("T3", "the gradient at θ* is taken to be zero for every object", "largest ‖∇ℓ_i(θ*)‖ assumed", 0, "largest ‖∇ℓ_i(θ*)‖; see gradient_radius", gradient, gradient > 0)
	add("T4", "the theorem speaks of H_i, the proof bounds the G-term", "largest ‖H_i‖/‖G_i‖ assumed", 1, "largest ‖H_i‖/‖G_i‖ measured", ratio, ratio > 1+tolerance)
	if biased == 0 {
		add("T5", "the second summand belongs to biases, which the network does not have", "√2 Σ_{j≤L} M_W^{2j}", math.Sqrt2*second, "no such summand", 0, false)
	} else {
		add("T5", "the second summand belongs to biases; only the layers above them enlarge it", "√2 Σ_{j≤L} M_W^{2j}", math.Sqrt2*second, "√2 Σ_{j<L} M_W^{2j}", math.Sqrt2*below, false)
	}
	add("T6", "‖A‖₂ ≤ ½, not √2", "√2", math.Sqrt2, "largest ‖A_i‖₂ measured", largestA, false)
	add("T7", "Lemma 1 takes every layer as h×h", "hM ≥ ‖W_p‖₂ assumed", wrongWidth, "max_p √(n_p n_{p−1}) M", rightWidth, wrongWidth < c.LargestW || lemma.Violations > 0)
	add("T8", "two factors 2 are avoidable: losses are not negative, G is positive semidefinite", "2 M_ℓ", 2*s.Constants.LargestLoss, "M_ℓ", s.Constants.LargestLoss, false)
	add("T9", "the closed form of the sum is 0/0 at M_W = 1", "M_W²(M_W^{2L}−1)/(M_W²−1)", closed, "Σ_{j≤L} M_W^{2j}", second, w2 == 1)
	add("T10", "Taylor's expansion holds only while no ReLU flips", "R without limit", 0, "a ReLU flips within this distance of θ*", s.KinkBound, s.KinkBound > 0)
	add("T11", "the proof of Lemma 1 needs M_W ≤ hM, its printed step is the reverse", "hM, at most M_W as printed", wrongWidth, "M_W, at most hM as needed", c.LargestW, wrongWidth > c.LargestW)
	return list
}
