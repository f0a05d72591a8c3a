package landscape_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	landscape "github.com/landscape-pipe/landscape-pipe"
)

// listed is what `go list -json` says about a package of this module.
type listed struct {
	ImportPath                                                 string
	Imports                                                    []string
	GoFiles, IgnoredGoFiles, SFiles, IgnoredOtherFiles, HFiles []string
	CgoFiles, CFiles, OtherFiles, EmbedFiles, SysoFiles        []string
	TestGoFiles, XTestGoFiles, TestEmbedFiles, XTestEmbedFiles []string
}

// dir is the package's folder inside the module.
func (l listed) dir() string {
	return strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, landscape.Module), "/")
}

// goList returns the packages of this module that match the patterns, under
// the given environment and flags.
func goList(t *testing.T, env []string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list %v: %v\n%s", args, err, exit.Stderr)
		}
		t.Fatalf("go list %v: %v", args, err)
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := decoder.Decode(&l); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if l.ImportPath == landscape.Module || strings.HasPrefix(l.ImportPath, landscape.Module+"/") {
			packages = append(packages, l)
		}
	}
}

// TestImportsPointOneWay holds the layers: cmd → internal/baseline → stages →
// pipeline → pipeline/cas, and stages/* → internal/*.
func TestImportsPointOneWay(t *testing.T) {
	const (
		engine = "the engine must know nothing of networks: anyone can build a DAG on it"
		stage  = "a stage is a plain function of values: an edit of the engine must retrain nothing"
		maths  = "the mathematics knows neither stages nor engine"
	)
	under := func(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }
	rules := []struct {
		from   func(dir string) bool
		never  func(from, to string) bool
		reason string
	}{
		{
			func(dir string) bool { return under(dir, "pipeline") },
			func(_, to string) bool {
				return under(to, "stages") || under(to, "cmd") || under(to, "internal") && to != "internal/files" && to != "internal/suggest"
			},
			engine,
		},
		{
			func(dir string) bool { return under(dir, "pipeline/cas") },
			func(_, to string) bool { return !under(to, "pipeline/cas") },
			"the store knows nothing of actions",
		},
		{
			func(dir string) bool { return under(dir, "stages") && dir != "stages" },
			func(_, to string) bool {
				return under(to, "pipeline") && to != "pipeline/task" || under(to, "stages") || to == "" || under(to, "cmd")
			},
			stage,
		},
		{
			func(dir string) bool { return under(dir, "internal") && dir != "internal/baseline" },
			func(_, to string) bool { return !under(to, "internal") || to == "internal/baseline" },
			maths,
		},
		{
			func(dir string) bool { return dir == "internal/baseline" },
			func(_, to string) bool { return under(to, "cmd") },
			"what is compared with the baseline is known without the program",
		},
		{
			func(dir string) bool { return under(dir, "stages") || under(dir, "pipeline") },
			func(_, to string) bool { return to == "internal/baseline" },
			"results do not depend on what is expected of them",
		},
		{
			func(dir string) bool { return dir == "stages" },
			func(_, to string) bool { return under(to, "cmd") || to == "internal/term" },
			"the wiring neither prints nor parses flags",
		},
	}
	for _, l := range goList(t, nil, "./...") {
		for _, rule := range rules {
			if !rule.from(l.dir()) {
				continue
			}
			for _, imported := range l.Imports {
				to, inside := strings.CutPrefix(imported, landscape.Module)
				if !inside || to != "" && to[0] != '/' {
					continue
				}
				if to = strings.TrimPrefix(to, "/"); rule.never(l.dir(), to) {
					t.Errorf("%s imports %q: %s", l.dir(), to, rule.reason)
				}
			}
		}
	}
}

// TestGraphvizStaysInTheHelper: its package initialisation compiles wasm at
// every start and can panic before main.
func TestGraphvizStaysInTheHelper(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/landscape-pipe").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "goccy/go-graphviz") {
		t.Error("cmd/landscape-pipe links go-graphviz: only cmd/landscape-pipe-dag may")
	}
}

// TestSourcesAreComplete compares the embedded files with what each platform
// and build tag compiles the stages from: nothing that a stage's bits depend
// on may be missing from its code hash.
func TestSourcesAreComplete(t *testing.T) {
	builds := []struct {
		env  []string
		args []string
	}{
		{[]string{"GOOS=linux", "GOARCH=amd64"}, nil},
		{[]string{"GOOS=linux", "GOARCH=arm64"}, nil},
		{[]string{"GOOS=darwin", "GOARCH=arm64"}, nil},
		{[]string{"GOOS=windows", "GOARCH=amd64"}, nil},
		{[]string{"GOOS=linux", "GOARCH=amd64"}, []string{"-tags", "noasm"}},
	}
	for _, build := range builds {
		env := append([]string{"CGO_ENABLED=0"}, build.env...)
		for _, l := range goList(t, env, append(build.args, "-deps", "./stages/...")...) {
			if l.dir() == "" || strings.HasPrefix(l.dir(), "pipeline") && l.dir() != "pipeline/task" {
				continue // the root holds this file's embedding; of the engine a stage holds the task only
			}
			for _, file := range slices.Concat(l.GoFiles, l.SFiles, l.HFiles, l.CgoFiles, l.CFiles, l.OtherFiles, l.EmbedFiles, l.SysoFiles) {
				name := path.Join(l.dir(), file)
				embedded, err := fs.ReadFile(landscape.Sources(), name)
				if err != nil {
					t.Errorf("%v %v: %s is compiled into the stages but not embedded: %v", build.env, build.args, name, err)
					continue
				}
				onDisk, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if string(embedded) != string(onDisk) {
					t.Errorf("%s: embedded content differs from the file", name)
				}
			}
		}
	}
}
