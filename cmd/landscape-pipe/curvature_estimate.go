package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// printEstimate prints what a run will take, from the rates that were measured
// on one machine and what is not in the store yet.
func (x *examination) printEstimate() {
	var work time.Duration
	var memory int64
	for _, step := range x.plan.Steps() {
		if step.State != pipeline.StateCached {
			work += step.Stage.Estimate()
			memory = max(memory, step.Stage.Memory())
		}
	}
	if work == 0 {
		return // only drawing is left
	}
	s, cores := x.shape, x.workers()
	fmt.Fprintf(x.a.stderr, "%s objects of %s values, %s weights in %s\n", thousands(s.Objects), thousands(s.Widths[0]), thousands(s.Parameters()), matrices(len(s.Layers)))
	fmt.Fprintf(x.a.stderr, "estimate: about %s on %s; %.2g GiB of memory\n", guess(work/time.Duration(cores)), term.Count(cores, "core"), float64(memory)/(1<<30))
	if limit := x.options(silent{}).MemoryLimit; limit > 0 && memory > limit {
		x.a.warn("that is more memory than the %.2g GiB that this process may use", float64(limit)/(1<<30))
	}
}

// thousands writes a whole number with commas: 13,984.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// matrices writes their number.
func matrices(n int) string {
	if n == 1 {
		return "1 matrix"
	}
	return fmt.Sprintf("%d matrices", n)
}
