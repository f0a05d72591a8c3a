// Package curvature computes the second-order quantities of a bias-free fully
// connected ReLU network with softmax cross-entropy, in float64.
//
// Notation, as in the paper with the corrections that docs/paper.md lists:
// L weight matrices W_p of n_p×n_{p−1}; x_p is the input of layer p (x_1 = x),
// z_p = W_p x_p, D_p = diag[z_p > 0], x_{p+1} = D_p z_p; P = softmax(z_L),
// r = P − y, A = diag(P) − PPᵀ, S_p = ∂z_L/∂z_p, δ_p = S_pᵀ r. The Hessian of
// the loss of an object is H_i = G_i + R_i: G_i = J_iᵀ A_i J_i is the G-term
// (Gauss–Newton), R_i the H-term, whose blocks within a layer are zero. H, G
// and R without an index are weighted sums over objects, usually the mean.
//
// A direction has one entry per weight: layer by layer, each matrix row-major,
// one row per output unit. Matrices with one row per object are row-major.
//
// Package object has the curvature of the loss of single objects.
package curvature
