package pipeline

import (
	"container/heap"
	"math"
)

// queue holds the stages that are ready to run, the one at the start of the
// longest path first. Entries of stages that have left that phase are ignored
// when they come up.
type queue struct{ entries []queueEntry }

type queueEntry struct {
	priority int64 // nanoseconds of work from here to the end
	stage    int32
}

func (q *queue) Len() int { return len(q.entries) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.entries[i], &q.entries[j]
	if a.priority != b.priority {
		return a.priority > b.priority
	}
	return a.stage < b.stage
}

func (q *queue) Swap(i, j int) { q.entries[i], q.entries[j] = q.entries[j], q.entries[i] }

func (q *queue) Push(x any) { q.entries = append(q.entries, x.(queueEntry)) }

func (q *queue) Pop() any {
	last := q.entries[len(q.entries)-1]
	q.entries = q.entries[:len(q.entries)-1]
	return last
}

func (q *queue) push(e queueEntry) { heap.Push(q, e) }

func (q *queue) pop() queueEntry { return heap.Pop(q).(queueEntry) }

// defaultCost is the assumed cost, in nanoseconds, of a stage whose kind has
// never run.
const defaultCost = int64(1e9)

// priorities returns, for every stage that is not up to date, the time that it
// takes and that of the longest path that begins with it, in nanoseconds. The time
// of a stage is that of its last execution; otherwise its estimate, or the mean of
// its kind.
func (p *Plan) priorities(next *edges) (costs, longest []int64) {
	costs = make([]int64, len(p.graph.stages))
	longest = make([]int64, len(p.graph.stages))
	for i := len(longest) - 1; i >= 0; i-- {
		if !p.needed[i] || p.state[i] == StateCached {
			continue
		}
		for _, d := range next.of(int32(i)) {
			longest[i] = max(longest[i], longest[d])
		}
		costs[i] = p.cost(p.graph.stages[i])
		longest[i] += costs[i]
	}
	return costs, longest
}

func (p *Plan) cost(s *Stage) int64 {
	if last, ok, err := LastKey(p.store, s.name); err == nil && ok {
		if r, ok, err := LookupRecord(p.store, last); err == nil && ok {
			return int64(r.Elapsed)
		}
	}
	if s.estimate > 0 {
		return int64(s.estimate)
	}
	if t := p.times[s.kind.index]; t.count > 0 {
		return int64(t.total) / int64(t.count)
	}
	return defaultCost
}

// allot returns how many cores a stage gets: as many as it can use, unless
// other stages are ready to use them too. Stages on one core each do the most
// work per hour. But a path that takes longer than all work divided by all cores
// would end last, so its stages get as many more cores as it is too long: nothing
// else starts until stages that run have given these back.
func (r *runner) allot(s *Stage) int {
	cores := max(1, (r.o.Jobs-r.cores)/(1+r.ready.Len()))
	if r.remaining > 0 {
		late := float64(r.priority[s.index]) * float64(r.o.Jobs) / float64(r.remaining)
		cores = max(cores, min(r.o.Jobs, int(math.Ceil(late))))
	}
	return min(cores, s.cores)
}

// edges lists the needed stages that read each stage, once per input.
type edges struct {
	start []int32
	to    []int32
}

func (e *edges) of(i int32) []int32 { return e.to[e.start[i]:e.start[i+1]] }

func (p *Plan) edges() *edges {
	n := len(p.graph.stages)
	e := &edges{start: make([]int32, n+1)}
	for i, s := range p.graph.stages {
		if p.needed[i] {
			for _, source := range s.sources() {
				e.start[source.from+1]++
			}
		}
	}
	for i := range n {
		e.start[i+1] += e.start[i]
	}
	e.to = make([]int32, e.start[n])
	fill := make([]int32, n)
	for i, s := range p.graph.stages {
		if p.needed[i] {
			for _, source := range s.sources() {
				from := source.from
				e.to[e.start[from]+fill[from]] = int32(i)
				fill[from]++
			}
		}
	}
	return e
}
