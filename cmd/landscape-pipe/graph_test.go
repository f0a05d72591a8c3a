package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type testParams struct{ N int }

// testStages returns n stages of the kind "train", alone and without inputs.
func testStages(t *testing.T, n int) []*pipeline.Stage {
	t.Helper()
	g := pipeline.NewGraph(nil)
	k := &pipeline.Kind[testParams]{
		Name: "train", Outputs: []string{"weights"},
		Run: func(context.Context, testParams, *pipeline.Task) (map[string][]byte, error) { return nil, nil },
	}
	stages := make([]*pipeline.Stage, n)
	for i := range stages {
		var err error
		stages[i], err = pipeline.Add(g, k, pipeline.Node{Name: fmt.Sprintf("train[seed=%d]", i)}, testParams{i})
		if err != nil {
			t.Fatal(err)
		}
	}
	return stages
}
