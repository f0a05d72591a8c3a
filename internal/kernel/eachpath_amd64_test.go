//go:build !noasm

package kernel

import "testing"

// eachPath runs f on every vector path that this processor has.
func eachPath(t *testing.T, f func(t *testing.T)) {
	t.Run(Path(), f)
	if !wide {
		t.Log("path avx512 left out: the processor lacks it, or GODEBUG has switched it off")
		return
	}
	wide = false
	defer func() { wide = true }()
	t.Run(Path(), f)
}
