package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// lostOutput is an output that a record promises and the store does not have.
type lostOutput struct {
	output int // index
	digest Digest
	err    error // [cas.ErrNotFound] or *[cas.DamagedError]
}

// Verify reads every output of the needed stages that is in the store and
// plans to run those again whose content is missing or damaged. It only
// reads; what is damaged is set aside by [Plan.Run]. It returns the stages it
// found.
func (p *Plan) Verify(ctx context.Context) ([]*Stage, error) {
	var all []*check
	one := make(map[Digest]*check)
	for i, s := range p.graph.stages {
		if !p.needed[i] || p.state[i] != StateCached {
			continue
		}
		for o, out := range p.outputs(int32(i)) {
			if one[out.digest] == nil {
				one[out.digest] = &check{stage: s, lost: lostOutput{o, out.digest, nil}}
				all = append(all, one[out.digest])
			}
		}
	}
	if err := checkAll(ctx, p.store, all); err != nil {
		return nil, err
	}
	var found []*Stage
	for i, s := range p.graph.stages {
		if !p.needed[i] || p.state[i] != StateCached {
			continue
		}
		var lost []lostOutput
		for o, out := range p.outputs(int32(i)) {
			if err := one[out.digest].lost.err; err != nil {
				lost = append(lost, lostOutput{o, out.digest, err})
			}
		}
		if len(lost) > 0 {
			p.lose(int32(i), lost)
			found = append(found, s)
		}
	}
	return found, nil
}

// check is one object to be read, by the first stage that made it.
type check struct {
	stage *Stage
	lost  lostOutput // err is nil where it is sound
}

// checkAll reads objects with all cores. The error is one that making them
// again would not help.
func checkAll(ctx context.Context, st *cas.Store, all []*check) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range all {
		g.Go(func() error {
			_, err := st.Get(ctx, c.lost.digest)
			if err != nil && !isLost(err) {
				return fmt.Errorf("stage %s: reading output %s: %w", c.stage.name, c.stage.kind.outputs[c.lost.output], err)
			}
			c.lost.err = err
			return nil
		})
	}
	return g.Wait()
}

// lose plans to run a stage again because outputs of it are lost. They keep
// their digests, so that what reads them keeps its key.
func (p *Plan) lose(i int32, lost []lostOutput) {
	if p.lost == nil {
		p.lost = make(map[int32][]lostOutput)
	}
	p.lost[i] = lost
	p.state[i] = StateRun
}

// isLost reports whether an object can be had by making it again.
func isLost(err error) bool {
	damaged := (*cas.DamagedError)(nil)
	return errors.Is(err, cas.ErrNotFound) || errors.As(err, &damaged)
}

func (l lostOutput) damaged() bool { return !errors.Is(l.err, cas.ErrNotFound) }
