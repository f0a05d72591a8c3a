package pipeline_test

import (
	"testing"

	landscape "github.com/landscape-pipe/landscape-pipe"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

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
