package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// fullDisk refuses every byte, as /dev/full does.
type fullDisk struct{}

var errFullDisk = errors.New("no space left on device")

func (fullDisk) Write([]byte) (int, error) { return 0, errFullDisk }

// verbCalls has calls of every verb that succeed with the artifacts of the whole
// small run. The first call of a verb writes JSON if the verb can.
var verbCalls = map[string][][]string{
	"repro":      {{"--json", "-q"}, {}, {"-n"}},
	"status":     {{"--json", "--why"}, {}, {"--all"}, {"--names"}},
	"explain":    {{"train", "--json"}, {"train", "--all"}},
	"logs":       {{"train", "--json"}},
	"runs":       {{"--json"}, {}},
	"cat":        {{"results/networks.csv"}},
	"dag":        {{}, {"--full"}},
	"check":      {{"--json"}, {}, {"--junit"}, {"--markdown"}},
	"verify":     {{"--hash", "--rerun=2", "-q", "--json"}, {}},
	"diff":       {{"last", "last", "--json"}, {"last", "last"}},
	"export":     {{"OUT/exported", "--json"}, {"OUT/exported"}},
	"report":     {{"-o", "OUT/report.html"}},
	"weights":    {{"train[h=4]", "-q", "-o", "OUT/net"}},
	"gc":         {{"--json"}, {}},
	"doctor":     {{"--json"}, {}},
	"completion": {{"bash"}, {"zsh"}, {"fish"}},
}

// TestUnwrittenResult: every verb whose result cannot be written says so and
// fails.
func TestUnwrittenResult(t *testing.T) {
	base, noData := baseRuns()
	if noData != nil {
		t.Skipf("no source of MNIST is in reach: %v", noData)
	}
	for _, verb := range verbs(t) {
		calls, ok := verbCalls[verb]
		// The first two follow; the small run has no held-out objects, so that a script
		// runs samplesize.
		if !ok && verb != "curvature" && verb != "help" && verb != "samplesize" {
			t.Errorf("verb %s has no call in verbCalls", verb)
		}
		for _, call := range calls {
			args := verbArgs(t, base, verb, call)
			t.Run(strings.Join(append([]string{verb}, call...), " "), func(t *testing.T) {
				t.Parallel()
				var stderr bytes.Buffer
				code := run(t.Context(), newApp(fullDisk{}, &stderr, noEnv), args)
				if code == exitDone || !strings.Contains(stderr.String(), errFullDisk.Error()) {
					t.Errorf("exit code %d\n%s", code, &stderr)
				}
			})
		}
	}
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	network := append([]string{"curvature", "-q", "--store", filepath.Join(t.TempDir(), "store")}, g.write(t, t.TempDir())...)
	for _, args := range [][]string{{"--help"}, {"--version"}, {"check", "--help"}, network, append(network, "--json")} {
		var stderr bytes.Buffer
		if code := run(t.Context(), newApp(fullDisk{}, &stderr, noEnv), args); code == exitDone || code == exitUsage {
			t.Errorf("%v: exit code %d\n%s", args, code, &stderr)
		}
	}
}

func noEnv(string) string { return "" }

// verbs returns the verbs of the command line.
func verbs(t *testing.T) []string {
	t.Helper()
	parser, err := kong.New(&cli{}, parserOptions(newApp(fullDisk{}, fullDisk{}, noEnv), func(int) {})...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range parser.Model.Children {
		if !n.Hidden {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}

// verbArgs completes the arguments of a call, which gets artifacts of its own: a
// copy of those of the whole small run.
func verbArgs(t *testing.T, base, verb string, call []string) []string {
	t.Helper()
	out := t.TempDir()
	if err := os.CopyFS(filepath.Join(out, "artifacts"), os.DirFS(filepath.Join(base, "filled"))); err != nil {
		t.Fatal(err)
	}
	args := []string{verb}
	for _, arg := range call {
		args = append(args, strings.ReplaceAll(arg, "OUT", out))
	}
	return append(args, "--params", filepath.Join(base, "params.small.toml"), "--artifacts", filepath.Join(out, "artifacts"), "--offline")
}
