package main

import (
	"path/filepath"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/stages"
)

// TestBaseOf: an edited params.toml is a variant of the default run, a file of
// its own is not.
func TestBaseOf(t *testing.T) {
	edited := stages.DefaultParams()
	edited.Train.LearningRate = 0.002
	g := &globals{Artifacts: "artifacts"}
	for _, c := range []struct {
		file string
		set  []string
		want string
	}{
		{"params.toml", nil, "artifacts"},
		{"params.toml", []string{"train.learning_rate=0.002"}, "artifacts"},
		{"params.ci.toml", nil, ""},
		{"params.ci.toml", []string{"train.learning_rate=0.002"}, filepath.Join("artifacts", "runs", "ci")},
	} {
		if have := g.baseOf(edited.RunName(c.file, c.set), edited); have != c.want {
			t.Errorf("%s with %q: base %q, want %q", c.file, c.set, have, c.want)
		}
	}
	if have := g.baseOf("", stages.DefaultParams()); have != "" {
		t.Errorf("the default run: base %q, want none", have)
	}
}
