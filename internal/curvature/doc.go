// Package curvature computes the second-order quantities of a fully connected
// network, in float64: with or without biases, with one of the activations and one
// of the losses of package mlp.
//
// Notation, as in the paper with the corrections that docs/paper.md lists:
// L weight matrices W_p of n_p×n_{p−1}; x_p is the input of layer p (x_1 = x),
// z_p = W_p x_p + b_p, x_{p+1} = σ(z_p), D_p = diag(σ′(z_p)); r and A are the
// gradient and the Hessian of the loss with respect to z_L, for cross-entropy
// r = P − y and A = diag(P) − PPᵀ with P = softmax(z_L); S_p = ∂z_L/∂z_p,
// δ_p = S_pᵀ r. The Hessian of the loss of an object is H_i = G_i + R_i:
// G_i = J_iᵀ A_i J_i is the G-term (Gauss–Newton), R_i the H-term. H, G and R
// without an index are weighted sums over objects, usually the mean. With a
// piecewise linear activation the blocks of R_i within a layer are zero;
// otherwise e_p = W_{p+1}ᵀδ_{p+1} ∘ σ″(z_p) adds Σ_p Σ_u e_pu (∂z_pu/∂θ)(∂z_pu/∂θ)ᵀ to it.
//
// A direction has one entry per parameter: layer by layer, each matrix row-major,
// one row per output unit, then the biases where the layer has them. That is the
// order of PyTorch's parameters. Matrices with one row per object are row-major.
//
// Package object has the curvature of the loss of single objects.
package curvature
