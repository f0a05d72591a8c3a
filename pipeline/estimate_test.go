package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEstimateOrdersFirstRun: stages that never ran begin with the one that
// is said to take longest, and an estimate is no part of a key.
func TestEstimateOrdersFirstRun(t *testing.T) {
	type params struct{ N int }
	build := func(estimates ...time.Duration) (*Graph, *[]int) {
		var order []int
		kind := &Kind[params]{
			Name: "wait", Outputs: []string{"out"}, Portable: true,
			Run: func(_ context.Context, p params, _ *Task) (map[string][]byte, error) {
				order = append(order, p.N)
				return map[string][]byte{"out": {byte(p.N)}}, nil
			},
		}
		g := NewGraph(nil)
		for i, e := range estimates {
			if _, err := Add(g, kind, Node{Name: string(rune('a' + i)), Estimate: e}, params{i}); err != nil {
				t.Fatal(err)
			}
		}
		return g, &order
	}
	st := newStore()
	g, order := build(time.Millisecond, 3*time.Hour, time.Minute)
	plan, err := NewPlan(g, st, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Run(t.Context(), RunOptions{Jobs: 1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, 0}, *order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	again, _ := build(time.Hour, 0, time.Hour)
	if plan, err = NewPlan(again, st, Options{}); err != nil {
		t.Fatal(err)
	}
	if needed, cached := plan.Count(); cached != needed {
		t.Errorf("%d of %d stages cached under other estimates", cached, needed)
	}
}
