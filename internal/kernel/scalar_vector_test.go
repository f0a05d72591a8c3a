//go:build !noasm && (amd64 || arm64)

package kernel

// withScalar runs f on the scalar path.
func withScalar(f func()) {
	old := vector
	vector = false
	defer func() { vector = old }()
	f()
}
