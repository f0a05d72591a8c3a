package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

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
// plans to rebuild those whose content is missing or damaged. It only reads;
// what is damaged is set aside by [Plan.Run]. It returns the stages that have
// lost an output.
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
	for _, c := range all {
		if c.lost.err != nil {
			p.lost[c.lost.digest] = c.lost.err
		}
	}
	var found []*Stage
	for i, s := range p.graph.stages {
		if p.needed[i] && p.state[i] == StateCached && len(p.lostOutputs(s, p.outputs(int32(i)))) > 0 {
			found = append(found, s)
		}
	}
	p.assign()
	return found, nil
}

// check is one object to be read, by the first stage that made it.
type check struct {
	stage *Stage
	lost  lostOutput // err is nil if it is sound
}

// checkAll reads objects with all cores. It returns only errors that
// rebuilding cannot fix.
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

// lose adds to the objects that the store cannot give.
func (p *Plan) lose(found map[Digest]error) { maps.Copy(p.lost, found) }

// assign plans to rebuild what is lost, each object by the first stage in the
// graph whose result has it. The outputs of that stage keep their digests, so
// the stages that read them keep their keys; other stages with the same object
// wait for it.
func (p *Plan) assign() {
	if len(p.lost) == 0 {
		return
	}
	for i, s := range p.graph.stages {
		if !p.known[i] {
			continue
		}
		first := false
		for _, l := range p.lostOutputs(s, p.outputs(int32(i))) {
			if _, ok := p.makers[l.digest]; !ok {
				p.makers[l.digest], first = int32(i), true
			}
		}
		if first && p.state[i] == StateCached {
			p.state[i] = StateRun
			p.rebuild = append(p.rebuild, int32(i))
		}
	}
}

// rebuilt is a lost output of an action that a plan has rebuilt.
type rebuilt struct {
	key    Key
	output int
}

// restore takes note that the lost outputs of an action have been rebuilt, and
// of what they are. Digests that are present again are lost no longer.
func (p *Plan) restore(key Key, lost []lostOutput, outs []output) {
	for _, l := range lost {
		p.rebuilt[rebuilt{key, l.output}] = true
		if outs[l.output].digest == l.digest {
			delete(p.lost, l.digest)
			delete(p.makers, l.digest)
		}
	}
}

// lostOutputs returns which of the outputs of a stage are lost.
func (p *Plan) lostOutputs(s *Stage, outs []output) []lostOutput {
	if len(p.lost) == 0 {
		return nil
	}
	var lost []lostOutput
	for i, out := range outs {
		if err := p.lost[out.digest]; err != nil {
			lost = append(lost, lostOutput{i, out.digest, err})
		}
	}
	return lost
}

// isLost reports whether rebuilding an object mends the error.
func isLost(err error) bool {
	damaged := (*cas.DamagedError)(nil)
	return errors.Is(err, cas.ErrNotFound) || errors.As(err, &damaged)
}

func (l lostOutput) damaged() bool { return !errors.Is(l.err, cas.ErrNotFound) }

// Comparison is a second execution of a stage whose result is known; see
// [RunOptions].Compare.
type Comparison struct {
	Stage   *Stage
	Key     Key
	Elapsed time.Duration
	Differ  []ComparedOutput // in the order of [Stage.Outputs]; nil if every output is the same
}

// ComparedOutput is an output whose bytes differ from those on record.
type ComparedOutput struct {
	Name       string
	Want, Have Digest // on record, and of this execution
	Content    []byte // of this execution
}

// Sample draws n of the stages that are up to date, in topological order, one of
// each kind first, so that a small sample sees every function. n < 0 means all.
func (p *Plan) Sample(n int) []*Stage {
	all := []*Stage{}
	for _, s := range p.Steps() {
		if s.State == StateCached {
			all = append(all, s.Stage)
		}
	}
	if n < 0 || n >= len(all) {
		return all
	}
	first := make(map[string]bool)
	var kinds, rest []*Stage
	for _, i := range rand.Perm(len(all)) {
		if k := all[i].Kind(); !first[k] {
			first[k] = true
			kinds = append(kinds, all[i])
		} else {
			rest = append(rest, all[i])
		}
	}
	chosen := append(kinds, rest...)[:n]
	slices.SortFunc(chosen, func(a, b *Stage) int { return int(a.index - b.index) })
	return chosen
}

// comparable returns stages in topological order, each once. Their results
// must be known.
func (p *Plan) comparable(stages []*Stage) ([]*Stage, error) {
	for _, s := range stages {
		if s.graph != p.graph || !p.known[s.index] {
			return nil, fmt.Errorf("stage %s is not up to date: there is no result to compare with", s.name)
		}
	}
	byIndex := func(a, b *Stage) int { return int(a.index - b.index) }
	return slices.Compact(slices.SortedFunc(slices.Values(stages), byIndex)), nil
}

// beginComparison prepares the only pass of a run that compares. Its stages
// receive what is on record, so none waits for another.
func (r *runner) beginComparison() {
	n := len(r.p.graph.stages)
	r.next = &edges{start: make([]int32, n+1)}
	r.pass = pass{nodes: make([]node, n), costs: make([]int64, n), priority: make([]int64, n)}
	for _, s := range r.o.Compare {
		r.nodes[s.index].phase = ready
		r.enqueue(s.index)
		for _, e := range s.sources() {
			r.contents.expect(r.p.source(e).digest, 1)
		}
	}
}

// compare takes note of an execution that was to be compared.
func (r *runner) compare(a *action) {
	c := &Comparison{Stage: a.stage, Key: a.key, Elapsed: a.elapsed}
	for i, out := range a.outs {
		if name, want := a.stage.kind.outputs[i], a.prior[i].digest; want != out.digest {
			c.Differ = append(c.Differ, ComparedOutput{name, want, out.digest, a.data[i]})
			r.reportDiverged(Divergence{a.stage, a.key, name, want, out.digest})
		}
	}
	r.compared = append(r.compared, c)
	r.emit(Event{Kind: EventFinished, Stage: a.stage, Key: a.key, Elapsed: a.elapsed})
}
