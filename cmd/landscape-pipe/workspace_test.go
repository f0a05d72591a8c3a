package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/baseline"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
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

// TestIsDefault: the params that lock.json names decide which run is the
// default one, never those that this program carries.
func TestIsDefault(t *testing.T) {
	g := &globals{Artifacts: t.TempDir()}
	edited := stages.DefaultParams()
	edited.Train.LearningRate = 0.002
	expect := func(what string, params stages.Params, want bool) {
		t.Helper()
		var warnings strings.Builder
		have, err := g.isDefault(newApp(io.Discard, &warnings, os.Getenv), params)
		if err != nil || have != want || warnings.Len() > 0 {
			t.Errorf("%s: default = %v, error %v, warnings %q; want %v", what, have, err, warnings.String(), want)
		}
	}
	expect("without a lock.json, the params of this program", stages.DefaultParams(), true)
	expect("without a lock.json, edited ones", edited, false)
	lock := pipeline.NewLockfile()
	lock.Params = edited.Lines()
	if err := lock.Save(filepath.Join(g.Artifacts, baseline.LockName)); err != nil {
		t.Fatal(err)
	}
	expect("the params of this program", stages.DefaultParams(), false)
	expect("those of lock.json", edited, true)
	edited.Experiments = slices.Clone(edited.Experiments)
	slices.Reverse(edited.Experiments)
	expect("the same experiments in another order", edited, false)
}

func TestFileOf(t *testing.T) {
	for run, want := range map[string]string{
		"": "params", "params-1f0c9a3e": "params", "ci": "ci", "ci-1f0c9a3e": "ci", "ci-fast": "ci-fast", "my-1f0c9a3": "my-1f0c9a3",
	} {
		if have := fileOf(run); have != want {
			t.Errorf("run %q is of %q, want %q", run, have, want)
		}
	}
}
