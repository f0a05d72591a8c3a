package pipeline

import (
	"fmt"
	"slices"
)

// lookUp decides what becomes of the stages whose inputs are known: up to
// date, following another, or ready to run. What becomes known thereby is
// looked up too.
func (r *runner) lookUp() {
	for len(r.check) > 0 && r.err == nil {
		i := r.check[0]
		r.check = r.check[1:]
		if n := &r.nodes[i]; n.phase == pending && n.waits == 0 {
			r.lookUpOne(i)
		}
	}
}

func (r *runner) lookUpOne(i int32) {
	p, n, s := r.p, &r.nodes[i], r.p.graph.stages[i]
	key := p.key(s)
	if old := p.keys[i]; old != key {
		r.abandon(i, old)
		delete(p.lost, i) // nobody asks for it any more
		p.keys[i] = key
	}
	lost := len(p.lost[i]) > 0
	f := r.flights[key]
	switch {
	case f == nil || f.leader == i && !f.landed || f.landed && lost:
	case f.landed:
		r.settle(i, f.outs)
		if f.leader == i {
			return
		}
		r.follow(f, i)
		if r.nodes[f.leader].action == nil {
			r.reportCached(f.land())
		}
		return
	default:
		r.follow(f, i)
		n.phase = following
		return
	}
	if !n.forced && !lost {
		outs := make([]output, len(s.kind.outputs))
		ok, err := p.lookup(s, key, outs)
		if err != nil {
			r.fail(fmt.Errorf("reading the store: %w", err))
			return
		}
		if ok {
			r.land(i, key, outs)
			r.reportCached([]int32{i})
			r.reportCached(r.flights[key].land())
			return
		}
	}
	if f == nil || f.leader != i || f.landed {
		r.flights[key] = &flight{leader: i}
	}
	n.phase, n.leader = ready, -1
	r.ready.push(queueEntry{r.priority[i], i})
}

// settle takes note of the outputs of a stage, for the first time or, where
// it ran again, once more.
func (r *runner) settle(i int32, outs []output) {
	p, n := r.p, &r.nodes[i]
	first := !p.known[i]
	changed := !first && !slices.Equal(p.outputs(i), outs)
	copy(p.outputs(i), outs)
	p.known[i] = true
	n.phase, n.forced = done, false
	delete(p.lost, i)
	if !first {
		r.troubles.mended++
		r.troubles.again[i] = r.troubles.mended
	}
	if first {
		r.expectReaders(i)
		for _, e := range p.graph.stages[i].sources() {
			for _, out := range p.outputs(e.from) {
				r.contents.used(out.digest)
			}
		}
	}
	if first || changed {
		for _, d := range r.next.of(i) {
			if first {
				r.release(d)
			} else {
				r.inputChanged(d)
			}
		}
	}
	behind := r.troubles.behind[i]
	delete(r.troubles.behind, i)
	for _, d := range behind {
		r.release(d)
	}
}

// expectReaders announces who will read the outputs of a stage: each stage
// that reads one of them counts for all.
func (r *runner) expectReaders(i int32) {
	readers := 0
	for _, d := range r.next.of(i) {
		if !r.p.known[d] {
			readers++
		}
	}
	for _, out := range r.p.outputs(i) {
		r.contents.expect(out.digest, readers)
	}
}

// release takes one from what a stage waits for.
func (r *runner) release(i int32) {
	n := &r.nodes[i]
	if n.waits--; n.waits == 0 && n.phase == pending {
		r.check = append(r.check, i)
	}
}

// inputChanged has a stage looked up again, because a stage that it reads was
// run again and made other bytes than before.
func (r *runner) inputChanged(i int32) {
	n := &r.nodes[i]
	switch n.phase {
	case running:
		n.stale = true
	case following:
		r.unfollow(i)
		fallthrough
	case done, ready, busy:
		n.phase = pending
		r.check = append(r.check, i)
	}
}

// land takes note of the outputs of a stage and of those that follow it.
func (r *runner) land(i int32, key Key, outs []output) {
	n := &r.nodes[i]
	if n.stale {
		n.stale, n.phase = false, pending
		r.check = append(r.check, i)
	} else {
		n.leader = -1
		r.settle(i, outs)
	}
	f := r.flights[key]
	if f == nil || f.leader != i {
		return
	}
	f.landed, f.outs = true, outs
	for _, twin := range f.followers {
		if r.nodes[twin].phase == following {
			r.settle(twin, outs)
		}
	}
}

// replaced brings the stages in line that have the older result of the key of
// stage by.
func (r *runner) replaced(by int32, outs []output) {
	for i := range r.nodes {
		if n := &r.nodes[i]; int32(i) != by && n.phase == done && r.p.keys[i] == r.p.keys[by] {
			n.leader = by
			r.settle(int32(i), outs)
		}
	}
}

func (r *runner) follow(f *flight, i int32) {
	f.followers = append(f.followers, i)
	r.nodes[i].leader = f.leader
}

func (r *runner) unfollow(i int32) {
	if f := r.flights[r.p.keys[i]]; f != nil {
		f.followers = slices.DeleteFunc(f.followers, func(j int32) bool { return j == i })
	}
	r.nodes[i].leader = -1
}

// abandon gives up a key that a stage has worked on. The stages that follow
// it are looked up again.
func (r *runner) abandon(i int32, key Key) {
	f := r.flights[key]
	if f == nil || f.leader != i || f.landed {
		return
	}
	delete(r.flights, key)
	for _, twin := range f.followers {
		if n := &r.nodes[twin]; n.phase == following {
			n.phase, n.leader = pending, -1
			r.check = append(r.check, twin)
		}
	}
}

func (r *runner) reportCached(stages []int32) {
	for _, i := range stages {
		r.emit(Event{Kind: EventCached, Stage: r.p.graph.stages[i], Key: r.p.keys[i]})
	}
}

// putBack makes a stage wait until its missing inputs are there again, and
// has the stages run that make them. An input that was mended since the stage
// started, when so many had been, is not missing: the stage looked too early.
func (r *runner) putBack(i int32, missing []missingInput, mended int) {
	for _, m := range missing {
		from := m.from.index
		producer, n := &r.nodes[from], &r.nodes[i]
		what := fmt.Errorf("output %s of stage %s: %w", m.from.kind.outputs[m.output.output], m.from.name, m.output.err)
		switch {
		case !r.p.needed[from]:
			r.failed(i, nil, fmt.Errorf("%w: run that stage, or this one without single", what))
			return
		case producer.phase == failed || producer.phase == skipped:
			r.skip(i, r.p.graph.stages[from])
			return
		case producer.phase == done && r.troubles.again[from] > mended:
			continue
		case producer.phase == done && producer.tries >= maxTries:
			r.failed(i, nil, fmt.Errorf("%w: it was made again %d times; check the disk", what, maxTries))
			return
		case producer.phase == done:
			producer.phase = pending
			producer.tries++
			r.check = append(r.check, from)
			r.p.lose(from, []lostOutput{m.output})
			r.reportLost(m.from, []lostOutput{m.output})
		case len(r.p.lost[from]) > 0 && !slices.ContainsFunc(r.p.lost[from], func(l lostOutput) bool { return l.digest == m.output.digest }):
			if producer.phase != running {
				r.p.lose(from, append(r.p.lost[from], m.output))
			}
			r.reportLost(m.from, []lostOutput{m.output})
		}
		r.troubles.behind[from] = append(r.troubles.behind[from], i)
		n.waits++
	}
	if n := &r.nodes[i]; n.waits == 0 {
		r.check = append(r.check, i)
	}
}

// maxTries is how often a stage is run again in one run because its outputs
// are lost.
const maxTries = 3

func (r *runner) reportLost(s *Stage, lost []lostOutput) {
	for _, l := range lost {
		r.emit(Event{
			Kind: EventDamaged, Stage: s, Key: r.p.keys[s.index], Err: l.err,
			Text: fmt.Sprintf("output %s: %v", s.kind.outputs[l.output], l.err),
		})
	}
}
