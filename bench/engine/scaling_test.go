package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

var (
	scalingStore  = flag.String("store", "", "store of a finished run, whose recorded times TestScaling uses")
	scalingParams = flag.String("params", "../../params.toml", "params of that run")
)

// recorded is a stage of a finished run.
type recorded struct {
	stage *pipeline.Stage
	took  time.Duration
}

// readTimes returns the stages of a run in topological order, with the times of
// their last executions.
func readTimes(t *testing.T, params, store string) []recorded {
	p, err := stages.LoadParams(t.Context(), params, nil)
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := codehash.New(landscape.Sources(), landscape.Module)
	if err != nil {
		t.Fatal(err)
	}
	g, err := stages.New(p, stages.Env{Hasher: hasher})
	if err != nil {
		t.Fatal(err)
	}
	st, err := cas.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	plan, err := pipeline.NewPlan(g, st, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	for _, s := range g.Stages() {
		last, ok := plan.LastRecord(s)
		if !ok {
			t.Fatalf("the store has no record of %s: make a run first", s)
		}
		all = append(all, recorded{s, last.Elapsed})
	}
	return all
}

// sleepParams are those of a stage that stands in for a recorded one.
type sleepParams struct {
	Stage  int
	Took   time.Duration
	Splits bool // its work can be divided among its workers
}

func sleep(_ context.Context, p sleepParams, t *pipeline.Task) (map[string][]byte, error) {
	if p.Splits {
		p.Took /= time.Duration(t.Workers)
	}
	time.Sleep(p.Took)
	return map[string][]byte{"out": fmt.Append(nil, p.Stage)}, nil
}

// simulate returns how long the engine takes for the recorded stages on so many
// cores: it runs them all, each of which sleeps in a bubble. Where split is true, a
// stage that can use several cores is that many times faster on them.
func simulate(t *testing.T, all []recorded, jobs int, split bool) (elapsed time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		g := pipeline.NewGraph(nil)
		kind := &pipeline.Kind[sleepParams]{Name: "sleep", Outputs: []string{"out"}, Portable: true, Run: sleep}
		made := make(map[*pipeline.Stage]*pipeline.Stage)
		for i, r := range all {
			n := pipeline.Node{Name: r.stage.Name(), Inputs: make(map[string]pipeline.Output), Estimate: max(1, r.took), Memory: r.stage.Memory()}
			if split {
				n.Cores = r.stage.Cores()
			}
			for _, in := range r.stage.Inputs() {
				n.Inputs[in.Name] = made[in.From].Out("out")
			}
			var err error
			if made[r.stage], err = pipeline.Add(g, kind, n, sleepParams{i, r.took, split}); err != nil {
				t.Fatal(err)
			}
		}
		st := openMemory(t)
		defer st.Close()
		plan, err := pipeline.NewPlan(g, st, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := plan.Run(t.Context(), pipeline.RunOptions{Jobs: jobs}); err != nil {
			t.Fatal(err)
		}
		elapsed = time.Since(began)
	})
	return elapsed
}

// longestPath returns the stages of the path that takes longest, first to last.
func longestPath(all []recorded) (path []recorded, total time.Duration) {
	ends := make(map[*pipeline.Stage]time.Duration)
	before := make(map[*pipeline.Stage]*pipeline.Stage)
	took := make(map[*pipeline.Stage]time.Duration)
	var last *pipeline.Stage
	for _, r := range all {
		took[r.stage] = r.took
		for _, in := range r.stage.Inputs() {
			if before[r.stage] == nil || ends[in.From] > ends[before[r.stage]] {
				before[r.stage] = in.From
			}
		}
		ends[r.stage] = ends[before[r.stage]] + r.took
		if last == nil || ends[r.stage] > ends[last] {
			last = r.stage
		}
	}
	for s := last; s != nil; s = before[s] {
		path = append(path, recorded{s, took[s]})
	}
	slices.Reverse(path)
	return path, ends[last]
}

// makeCoders has the store make its coders for small and for other objects: they
// hold channels, and one that is made in a bubble cannot be used outside of it.
func makeCoders(t *testing.T) {
	cas.Encode(make([]byte, 1<<20))
	st, o := openMemory(t), cas.Encode([]byte("content"))
	defer st.Close()
	if err := st.Commit(t.Context(), cas.Batch{Objects: []cas.Object{o}}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Get(t.Context(), o.Digest); err != nil {
		t.Fatal(err)
	}
}

func openMemory(t *testing.T) *cas.Store {
	st, err := cas.Open("/store", cas.WithFS(castest.NewFS()))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestScaling prints what more cores would give, from the times that a finished run
// has recorded and with the engine's own order: the longest path, and the time on
// 1 to 64 cores if a stage stays on one core and if it divides its work perfectly.
//
//	go test ./bench/engine -run Scaling -v -args -store DIR
func TestScaling(t *testing.T) {
	makeCoders(t)
	var all []recorded
	if *scalingStore == "" {
		t.Log("without -store, which names the store of a finished run, only three stages are simulated")
		g := pipeline.NewGraph(nil)
		kind := &pipeline.Kind[sleepParams]{Name: "sleep", Outputs: []string{"out"}, Run: sleep}
		a, errA := pipeline.Add(g, kind, pipeline.Node{Name: "a", Cores: 64}, sleepParams{})
		b, errB := pipeline.Add(g, kind, pipeline.Node{Name: "b"}, sleepParams{})
		c, errC := pipeline.Add(g, kind, pipeline.Node{Name: "c", Inputs: map[string]pipeline.Output{"a": a.Out("out"), "b": b.Out("out")}}, sleepParams{})
		if err := cmp.Or(errA, errB, errC); err != nil {
			t.Fatal(err)
		}
		all = []recorded{{a, 64 * time.Second}, {b, 8 * time.Second}, {c, time.Second}}
		for _, want := range []struct {
			jobs  int
			split bool
			took  time.Duration
		}{
			{1, false, 73 * time.Second}, {2, false, 65 * time.Second}, {64, false, 65 * time.Second},
			{1, true, 73 * time.Second}, {2, true, 41 * time.Second}, // a is on the longest path and gets both cores
		} {
			if got := simulate(t, all, want.jobs, want.split); got != want.took {
				t.Errorf("%d cores take %v, want %v", want.jobs, got, want.took)
			}
		}
	} else {
		all = readTimes(t, *scalingParams, *scalingStore)
	}
	var sum time.Duration
	for _, r := range all {
		sum += r.took
	}
	path, longest := longestPath(all)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "%d stages, %.0f s in all, longest path %.0f s (%.1f %%):\n", len(all), sum.Seconds(), longest.Seconds(), 100*longest.Seconds()/sum.Seconds())
	for _, r := range path {
		fmt.Fprintf(w, "\t%s\t%.1f s\n", r.stage, r.took.Seconds())
	}
	fmt.Fprintln(w, "cores\ta core per stage, s\tspeed-up\tstages divided, s\tspeed-up")
	for _, jobs := range []int{1, 2, 4, 8, 16, 32, 64} {
		whole, divided := simulate(t, all, jobs, false), simulate(t, all, jobs, true)
		fmt.Fprintf(w, "%d\t%.0f\t%.1f\t%.0f\t%.1f\n", jobs, whole.Seconds(), sum.Seconds()/whole.Seconds(), divided.Seconds(), sum.Seconds()/divided.Seconds())
	}
}
