package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

// A kitchen: ingredients are prepared, a soup is cooked from them. When the
// cook chops the carrots in another way and they turn out the same, the soup
// is not cooked again.
func Example() {
	type prep struct{ Name, Cut string }
	prepare := &pipeline.Kind[prep]{
		Name:     "prepare",
		Outputs:  []string{"bowl"},
		Portable: true,
		Run: func(_ context.Context, p prep, _ *pipeline.Task) (map[string][]byte, error) {
			return map[string][]byte{"bowl": []byte(strings.ToLower(p.Cut) + " " + p.Name)}, nil
		},
	}
	type heat struct{ Minutes int }
	cook := &pipeline.Kind[heat]{
		Name:     "cook",
		Outputs:  []string{"soup"},
		Portable: true,
		Run: func(_ context.Context, p heat, t *pipeline.Task) (map[string][]byte, error) {
			soup := fmt.Sprintf("%s and %s, %d minutes", t.Inputs["first"], t.Inputs["second"], p.Minutes)
			return map[string][]byte{"soup": []byte(soup)}, nil
		},
	}
	dir, err := os.MkdirTemp("", "soup")
	check(err)
	defer os.RemoveAll(dir)
	store, err := cas.Open(dir)
	check(err)
	defer store.Close()
	make := func(carrots string, minutes int) {
		g := pipeline.NewGraph(nil)
		first, err := pipeline.Add(g, prepare, pipeline.Node{Name: "carrots"}, prep{"carrots", carrots})
		check(err)
		second, err := pipeline.Add(g, prepare, pipeline.Node{Name: "leek"}, prep{"leek", "sliced"})
		check(err)
		soup, err := pipeline.Add(g, cook, pipeline.Node{
			Name: "soup",
			Inputs: map[string]pipeline.Output{
				"first":  first.Out("bowl"),
				"second": second.Out("bowl"),
			},
		}, heat{minutes})
		check(err)

		plan, err := pipeline.NewPlan(g, store, pipeline.Options{})
		check(err)
		for _, step := range plan.Steps() {
			if step.State == pipeline.StateCached {
				fmt.Printf("%s: cached\n", step.Stage)
			} else {
				fmt.Printf("%s: %s (%s)\n", step.Stage, step.State, step.Reason)
			}
		}
		sum, err := plan.Run(context.Background(), pipeline.RunOptions{})
		check(err)
		d, _, _ := plan.Output(soup, "soup")
		bowl, err := store.Get(context.Background(), d)
		check(err)
		fmt.Printf("%d ran, %d cached: %s\n\n", sum.Ran, sum.Cached, bowl)
	}
	make("diced", 20)
	make("diced", 20)
	make("DICED", 20)
	make("diced", 30)

	// Output:
	// carrots: run (never run)
	// leek: run (never run)
	// soup: depends (waits for carrots and 1 more)
	// 3 ran, 0 cached: diced carrots and sliced leek, 20 minutes
	//
	// carrots: cached
	// leek: cached
	// soup: cached
	// 0 ran, 3 cached: diced carrots and sliced leek, 20 minutes
	//
	// carrots: run (params.cut diced → DICED)
	// leek: cached
	// soup: depends (waits for carrots)
	// 1 ran, 2 cached: diced carrots and sliced leek, 20 minutes
	//
	// carrots: cached
	// leek: cached
	// soup: run (params.minutes 20 → 30)
	// 1 ran, 2 cached: diced carrots and sliced leek, 30 minutes
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// TestParamsOfTheDefaultGraph: what every stage of the paper's graph receives
// has the same JSON as what its key tells.
func TestParamsOfTheDefaultGraph(t *testing.T) {
	hasher, err := codehash.New(landscape.Sources(), landscape.Module)
	if err != nil {
		t.Fatal(err)
	}
	g, err := stages.New(stages.DefaultParams(), stages.Env{Hasher: hasher})
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]bool)
	for _, s := range g.Stages() {
		kinds[s.Kind()] = true
		sent, received, err := pipeline.RoundTrip(s)
		if err != nil || string(sent) != string(received) {
			t.Errorf("%v sends %s and receives %s, %v", s, sent, received, err)
		}
	}
	if len(kinds) < 10 {
		t.Errorf("the graph has the kinds %v only", kinds)
	}
}
