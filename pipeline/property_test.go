package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"pgregory.net/rapid"
)

// spec is a graph as the model sees it.
type spec []stageSpec

type stageSpec struct {
	params sumParams
	from   []int
}

func drawSpec(t *rapid.T) spec {
	var all spec
	n := rapid.IntRange(1, 12).Draw(t, "stages")
	for i := range n {
		s := stageSpec{params: drawParams(t)}
		if i > 0 {
			s.from = rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 3).Draw(t, "inputs")
		}
		all = append(all, s)
	}
	return all
}

// drawParams draws from few values, so that actions coincide and outputs stay
// the same though params change.
func drawParams(t *rapid.T) sumParams {
	return sumParams{Add: rapid.IntRange(0, 5).Draw(t, "add"), Mod: rapid.IntRange(0, 3).Draw(t, "mod")}
}

func (all spec) graph(t testing.TB, k *kitchen) *Graph {
	g := NewGraph(nil)
	for i, s := range all {
		var from []*Stage
		for _, f := range s.from {
			from = append(from, g.stages[f])
		}
		k.add(t, g, fmt.Sprint(i), s.params, from...)
	}
	return g
}

// values computes the output and the action of each stage.
func (all spec) values() (outputs, actions []string) {
	for _, s := range all {
		total := s.params.Add
		inputs := make(map[string]string)
		for j, f := range s.from {
			inputs[fmt.Sprintf("in%d", j)] = outputs[f]
			var v int
			fmt.Sscan(outputs[f], &v)
			total += v
		}
		if s.params.Mod > 0 {
			total %= s.params.Mod
		}
		outputs = append(outputs, fmt.Sprint(total))
		actions = append(actions, actionName(s.params, inputs))
	}
	return outputs, actions
}

// needed returns the stages that some targets need.
func (all spec) needed(targets []int) map[int]bool {
	needed := make(map[int]bool)
	for i := len(all) - 1; i >= 0; i-- {
		if len(targets) == 0 || slices.Contains(targets, i) || needed[i] {
			needed[i] = true
			for _, f := range all[i].from {
				needed[f] = true
			}
		}
	}
	return needed
}

// A history of edits, runs and losses: whatever happened before, a run
// executes each action that was never executed, once, and none besides; and
// every result is what the model says, with any number of jobs.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, st := newKitchen(), newStore()
		executed := make(map[string]bool)
		all := drawSpec(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"run": func(rt *rapid.T) {
				var targets []int
				var o Options
				if rapid.Bool().Draw(rt, "some") {
					targets = rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 3).Draw(rt, "targets")
					for _, i := range targets {
						o.Targets = append(o.Targets, fmt.Sprint(i))
					}
				}
				g := all.graph(t, k)
				outputs, actions := all.values()
				needed := all.needed(targets)
				want := make(map[string]bool)
				for i := range needed {
					if !executed[actions[i]] {
						want[actions[i]] = true
					}
				}
				p := mustPlan(t, g, st, o)
				checkPlan(rt, p, needed)
				sum, err := p.Run(t.Context(), RunOptions{Jobs: rapid.IntRange(1, 8).Draw(rt, "jobs")})
				if err != nil {
					rt.Fatal(err)
				}
				ran := k.take()
				slices.Sort(ran)
				if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), ran, cmpopts.EquateEmpty()); diff != "" {
					rt.Fatalf("executions: %s", diff)
				}
				maps.Copy(executed, want)
				if sum.Ran != len(want) || sum.Ran+sum.Cached != len(needed) {
					rt.Fatalf("%d needed, %d to run: %+v", len(needed), len(want), sum)
				}
				for i := range needed {
					if got := sum.Results()[fmt.Sprint(i)]["out"]; got != cas.Sum([]byte(outputs[i])) {
						rt.Fatalf("result of stage %d is not %s", i, outputs[i])
					}
				}
			},
			"edit": func(rt *rapid.T) {
				all = slices.Clone(all)
				all[rapid.IntRange(0, len(all)-1).Draw(rt, "stage")].params = drawParams(rt)
			},
			"rewire": func(*rapid.T) {
				i := rapid.IntRange(0, len(all)-1).Draw(rt, "stage")
				all = slices.Clone(all)
				all[i].from = slices.Clone(all[i].from)
				if len(all[i].from) > 0 {
					all[i].from[0] = rapid.IntRange(0, i-1).Draw(rt, "from")
				}
			},
		})
	})
}

// checkPlan checks that a plan has the needed stages, each after those that
// it reads, and waits only for what will not be known.
func checkPlan(t *rapid.T, p *Plan, needed map[int]bool) {
	at := make(map[*Stage]Step)
	for _, step := range p.Steps() {
		for _, in := range step.Stage.Inputs() {
			from, ok := at[in.From]
			if !ok {
				t.Fatalf("stage %s comes before %s, which it reads", step.Stage, in.From)
			}
			if from.State != StateCached && step.State != StateDepends {
				t.Fatalf("stage %s is %s, its input %s is %s", step.Stage, step.State, in.From, from.State)
			}
		}
		for _, w := range step.Waits {
			if at[w].State == StateCached {
				t.Fatalf("stage %s waits for %s, which is cached", step.Stage, w)
			}
		}
		if step.State == StateRun && step.Reason == "" || step.State == StateDepends && len(step.Waits) == 0 {
			t.Fatalf("step %+v says not why", step)
		}
		at[step.Stage] = step
		if !needed[int(step.Stage.index)] {
			t.Fatalf("stage %s is not needed", step.Stage)
		}
	}
	if len(at) != len(needed) {
		t.Fatalf("%d steps, %d stages needed", len(at), len(needed))
	}
}

// Whatever is lost, a run that needs it gives the results of the model, and a
// verification afterwards finds nothing.
func TestLossesHeal(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, disk := newKitchen(), newDisk()
		st := disk.open()
		all := drawSpec(rt)
		results := mustDo(t, all.graph(t, k), st).Results()
		for i := range all {
			switch d := results[fmt.Sprint(i)]["out"]; rapid.IntRange(0, 3).Draw(rt, "loss") {
			case 0:
				disk.remove(d)
			case 1:
				disk.damage(d)
			}
		}
		all[rapid.IntRange(0, len(all)-1).Draw(rt, "stage")].params = drawParams(rt)
		g := all.graph(t, k)
		p := mustPlan(t, g, st, Options{})
		if rapid.Bool().Draw(rt, "verify") {
			if _, err := p.Verify(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		sum, err := p.Run(t.Context(), RunOptions{Jobs: rapid.IntRange(1, 8).Draw(rt, "jobs"), CacheLimit: int64(rapid.IntRange(1, 10).Draw(rt, "cache"))})
		if err != nil {
			rt.Fatal(err)
		}
		outputs, _ := all.values()
		for i, want := range outputs {
			if sum.Results()[fmt.Sprint(i)]["out"] != cas.Sum([]byte(want)) {
				rt.Fatalf("result of stage %d is not %s", i, want)
			}
		}
		p = mustPlan(t, g, st, Options{})
		if _, err := p.Verify(t.Context()); err != nil {
			rt.Fatal(err)
		}
		mustRun(t, p, RunOptions{})
		if found, err := mustPlan(t, g, st, Options{}).Verify(t.Context()); err != nil || len(found) > 0 {
			rt.Fatalf("still lost: %v, %v", found, err)
		}
	})
}

// Actions that are no functions of their keys, and losses besides: whatever
// comes of it, a run ends, leaves results that belong together, and the next
// run has nothing to do.
func TestDriftingActionsEndInOneState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, disk := newKitchen(), newDisk()
		st := disk.open()
		k.drift = make(map[string]int)
		all := drawSpec(rt)
		results := mustDo(t, all.graph(t, k), st).Results()
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			for i := range all {
				if rapid.Bool().Draw(rt, "loss") {
					disk.remove(results[fmt.Sprint(i)]["out"])
				}
			}
			all[rapid.IntRange(0, len(all)-1).Draw(rt, "stage")].params = drawParams(rt)
			p := mustPlan(t, all.graph(t, k), st, Options{Force: rapid.Bool().Draw(rt, "force")})
			if rapid.Bool().Draw(rt, "verify") {
				if _, err := p.Verify(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			sum, err := p.Run(t.Context(), RunOptions{Jobs: rapid.IntRange(1, 8).Draw(rt, "jobs"), CacheLimit: int64(rapid.IntRange(1, 10).Draw(rt, "cache"))})
			if err != nil {
				rt.Fatal(err)
			}
			k.take()
			again := mustDo(t, all.graph(t, k), st)
			if ran := k.take(); len(ran) > 0 || again.Ran > 0 {
				rt.Fatalf("the next run executed %q", ran)
			}
			if diff := cmp.Diff(sum.Results(), again.Results()); diff != "" {
				rt.Fatalf("the next run has other results: %s", diff)
			}
			results = sum.Results()
		}
	})
}

// With KeepGoing, exactly the stages are not up to date afterwards that fail
// or reach back to one that does, and each is accounted for.
func TestFailuresSkipWhatReachesThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, st := newKitchen(), newStore()
		k.hook = func(p sumParams, _ *Task) error {
			if p.Add == 5 {
				return errors.New("five")
			}
			return nil
		}
		all := drawSpec(rt)
		g := all.graph(t, k)
		broken := make(map[int]bool) // itself, or by what it reads
		roots := make(map[int]map[int]bool)
		for i, s := range all {
			roots[i] = make(map[int]bool)
			for _, f := range s.from {
				broken[i] = broken[i] || broken[f]
				maps.Copy(roots[i], roots[f])
			}
			if !broken[i] && s.params.Add == 5 {
				broken[i] = true
				roots[i][i] = true
			}
		}
		sum, err := mustPlan(t, g, st, Options{}).Run(t.Context(), RunOptions{KeepGoing: true, Jobs: rapid.IntRange(1, 8).Draw(rt, "jobs")})
		if (err != nil) != (len(broken) > 0 && slices.Contains(slices.Collect(maps.Values(broken)), true)) {
			rt.Fatalf("error %v", err)
		}
		if sum.Ran+sum.Cached+sum.Failed+sum.Skipped != len(all) || sum.Failed != len(sum.Failures) || sum.Skipped != len(sum.Skips) {
			rt.Fatalf("%d stages: %+v", len(all), sum)
		}
		for i := range all {
			if _, ok := sum.Results()[fmt.Sprint(i)]; ok == broken[i] {
				rt.Fatalf("stage %d: up to date is %v", i, ok)
			}
		}
		for _, skip := range sum.Skips {
			if len(skip.Because) == 0 {
				rt.Fatalf("stage %s is skipped because of nothing", skip.Stage)
			}
			for _, b := range skip.Because {
				if !roots[int(b.index)][int(b.index)] {
					rt.Fatalf("stage %s is skipped because of %s, which does not fail", skip.Stage, b)
				}
			}
		}
		k.hook = nil
		if sum := mustDo(t, g, st); sum.Ran+sum.Cached != len(all) {
			rt.Fatalf("mended: %+v", sum)
		}
	})
}
