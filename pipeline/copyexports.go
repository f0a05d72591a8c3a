package pipeline

import (
	"context"
	"fmt"
)

// CopyExports is [Plan.Export] that never runs a stage: an output that the
// store has lost is an error.
func (p *Plan) CopyExports(ctx context.Context, dir string) (written []string, err error) {
	return p.export(ctx, dir, func(s *Stage, l lostOutput) error {
		return fmt.Errorf("output %s of stage %s: %w", s.kind.outputs[l.output], s.name, l.err)
	})
}
