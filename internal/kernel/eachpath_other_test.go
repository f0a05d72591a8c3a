//go:build noasm || !amd64

package kernel

import "testing"

// eachPath runs f on the only path beside the scalar one, if there is one.
func eachPath(t *testing.T, f func(t *testing.T)) { t.Run(Path(), f) }
