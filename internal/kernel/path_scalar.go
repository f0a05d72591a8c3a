//go:build noasm || !(amd64 || arm64)

package kernel

// There is no assembly in this build.
const (
	vector      = false
	elementwise = false
	vectorPath  = ""
)
