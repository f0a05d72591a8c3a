// Package nn trains the network of the paper ([Trainer]) in float32 and
// evaluates it in float64 ([Evaluate]). Package mlp has the network, the data
// and their notation.
//
// Weight matrices are out×in, row-major, at every boundary of this package;
// inside, the products want them transposed.
package nn
