// Package eigen computes eigenvalues of real symmetric matrices and
// operators, with the same bits on every machine and for any number of
// workers.
//
// A matrix that fits is solved densely: Householder tridiagonalisation
// ([Symmetric]) and implicit QL ([Tridiagonal]); the error is a small multiple
// of the unit roundoff times the norm. An operator that is only known by its
// products is solved by the Lanczos method ([Lanczos]) with full two-pass
// reorthogonalisation. Each value comes with a certificate ([Pair]), which
// follows by linearity from the products with the basis and costs no further one:
//
//   - rigorous: an eigenvalue lies within the residual ‖Hv − θv‖ of θ, plus a
//     stated bound of the rounding of the residual itself; and for the whole
//     block, k eigenvalues lie within ‖HV − VΘ‖₂ of the θ;
//   - estimated: residual²/gap (Kato–Temple), where the gap is itself taken
//     from computed values;
//   - probabilistic: that no larger eigenvalue was missed (Kuczyński and
//     Woźniakowski, SIAM J. Matrix Anal. Appl. 13, 1992, theorem 4.1), because
//     residuals prove existence, never absence.
//
// [Quadrature] is stochastic Lanczos quadrature (Golub and Meurant; Ubaru,
// Chen and Saad, 2017) of the spectral density, with the first component of
// each eigenvector of the tridiagonal matrix, squared, as the weight, after the
// certified outliers are projected out.
//
// Vectors are slices of float64; a block of b vectors of dimension n is stored
// vector by vector, b×n row-major.
package eigen
