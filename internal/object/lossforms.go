package object

// LossFacts are the quantities in bounds of |L_{k+1} − L_k| on the sphere
// ‖θ − θ*‖ = R; all are taken at θ*.
type LossFacts struct {
	K int `json:"k"`
	// LossGap is |a| with a = ℓ_{k+1} − L_k.
	LossGap float64 `json:"loss_gap"`
	// GradientGap is ‖g_{k+1} − g^(k)‖₂ and MeanGradient ‖g^(k)‖₂, which
	// Assumption 1 of the paper takes to be zero, both (T3).
	GradientGap  float64 `json:"gradient_gap"`
	MeanGradient float64 `json:"mean_gradient"`
	// HessianGap is ‖D‖₂ = ‖H_{k+1} − H^(k)‖₂, measured.
	HessianGap float64 `json:"hessian_gap"`
	// The largest over the objects: M_ℓ, M_g, M_G ≥ ‖G_i‖ and M_R ≥ ‖R_i‖.
	LargestLoss     float64 `json:"largest_loss"`
	LargestGradient float64 `json:"largest_gradient"`
	LargestG        float64 `json:"largest_g"`
	LargestR        float64 `json:"largest_r"`
	// M_H as printed: B9 and B10.
	Theorem1 float64 `json:"theorem1"`
	Lemma1   float64 `json:"lemma1"`
}

// LossFormNames lists the forms in the order of [LossFacts.Forms].
var LossFormNames = []string{
	"lemma2_lemma1", "lemma2_theorem1", "with_half", "with_gradient", "uniform", "pointwise",
}

// Forms returns the bounds of |L_{k+1} − L_k| at ‖θ − θ*‖ = R, named by
// [LossFormNames]. None contains the remainder of the Taylor expansion, which has
// to be added where ReLUs flip (T10).
//
//	lemma2_lemma1    2 (M_ℓ + M_H R²)/(k+1), M_H by Lemma 1, as printed
//	lemma2_theorem1  the same, M_H by Theorem 1, as printed
//	with_half        (2 M_ℓ + M_H R²)/(k+1), M_H by Theorem 1: the ½ of Taylor's expansion (T2)
//	with_gradient    (2 M_ℓ + R (M_g + ‖g^(k)‖) + M_H R²)/(k+1): its first-order term (T3)
//	uniform          (M_ℓ + R (M_g + ‖g^(k)‖) + R²/2 (M_G + 2 M_R))/(k+1): all constants corrected (T1, T4–T8)
//	pointwise        (|a| + R ‖g_{k+1} − g^(k)‖ + R²/2 ‖D‖)/(k+1): those of this object
func (f LossFacts) Forms(r float64) []float64 {
	objects := float64(f.K + 1)
	r2 := float64(r * r)
	slope := float64(r * (f.MeanGradient + f.LargestGradient))
	printed := func(mh float64) float64 { return float64(2*(f.LargestLoss+float64(mh*r2))) / objects }
	return []float64{
		printed(f.Lemma1),
		printed(f.Theorem1),
		(float64(2*f.LargestLoss) + float64(f.Theorem1*r2)) / objects,
		(float64(2*f.LargestLoss) + slope + float64(f.Theorem1*r2)) / objects,
		(f.LargestLoss + slope + float64(float64(r2*(f.LargestG+float64(2*f.LargestR)))/2)) / objects,
		(f.LossGap + float64(r*f.GradientGap) + float64(float64(r2*f.HessianGap)/2)) / objects,
	}
}
