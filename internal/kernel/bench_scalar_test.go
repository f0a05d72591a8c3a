//go:build noasm || !amd64

package kernel

// peakRate is unknown where there is no assembly.
func peakRate(bits int) float64 { return 0 }
