//go:build noasm || !(amd64 || arm64)

package kernel

// withScalar runs f, on the only path that there is.
func withScalar(f func()) { f() }
