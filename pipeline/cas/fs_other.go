//go:build !unix

package cas

// Flags of open that this system does not have.
const (
	noFollow    = 0
	nonBlocking = 0
)
