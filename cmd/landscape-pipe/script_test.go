package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts compare with")

func TestMain(m *testing.M) {
	// Most of the time of a script passes in waiting for syncs.
	if err := flag.Set("test.parallel", strconv.Itoa(4+runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(cleaner{m}, map[string]func(){"landscape-pipe": main})
}

// cleaner removes in the end what [baseRuns] made.
type cleaner struct{ *testing.M }

func (c cleaner) Run() int {
	code := c.M.Run()
	os.RemoveAll(baseFolder)
	return code
}

// smallParams is a run of every stage in a fraction of a second.
const smallParams = `[data]
objects = 200

[train]
epochs = 2

[differences]
permutations = 10

[[experiment]]
name = "paper"
hidden_size = [4, 8]
num_layers = [2]
at_num_layers = 2
at_hidden_size = 8
figures = ["hidden_size"]
`

// TestScripts runs testdata/script/*.txtar, one behaviour each. Beside the
// commands of testscript they have
//
//	exits CODE program args…   like exec, and wants this exit code
//	interrupt SIGNAL CODE args…  starts landscape-pipe, sends it the signal
//	                           when the first network is trained, and wants
//	                           this exit code; leaves stderr.txt
//	json FILE [EXPR…]          wants valid JSON, and key=value at its top
//	jsonlines FILE             wants an object on each line
//	warm                       puts a store with the real MNIST at
//	                           artifacts/store, or skips the script with the
//	                           reason why the data cannot be had
//	filled                     puts the artifacts of the whole small run there,
//	                           with its lock.json and expected tables
//	damage DIGEST…             flips a bit in the object of the store whose
//	                           digest begins so
//	nodes FILE…                makes named pipes
//	is-pipe FILE…              wants that they are still named pipes
//	blobs                      writes a data set of 150 objects of 20 values in
//	                           3 classes: X.npy, y.npy and, both together, xy.csv
//	forge STAGE OUTPUT         puts other bytes on record for an output: its
//	                           last two float32 are off by 3 and by 7 ulp
//
// and the file params.small.toml.
func TestScripts(t *testing.T) {
	t.Parallel()
	base, noData := baseRuns()
	if noData != nil {
		t.Logf("scripts that need MNIST are skipped: %v", noData)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"NO_COLOR", "LANDSCAPE_STORE", "LANDSCAPE_DATA"} {
				env.Setenv(name, "")
			}
			env.Setenv("P", "--params=params.small.toml")
			env.Setenv("TERM", "xterm")
			return os.WriteFile(filepath.Join(env.WorkDir, "params.small.toml"), []byte(smallParams), 0o666)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"interrupt": interrupt,
			"json":      validJSON,
			"jsonlines": validJSONLines,
			"warm": func(ts *testscript.TestScript, _ bool, _ []string) {
				if noData != nil {
					ts.Logf("no source of MNIST is in reach: %v", noData)
					ts.Fatalf("use [data] before warm")
				}
				ts.Check(os.CopyFS(ts.MkAbs("artifacts"), os.DirFS(filepath.Join(base, "warm"))))
			},
			"filled": func(ts *testscript.TestScript, _ bool, _ []string) {
				if noData != nil {
					ts.Fatalf("use [data] before filled")
				}
				ts.Check(os.CopyFS(ts.MkAbs("artifacts"), os.DirFS(filepath.Join(base, "filled"))))
			},
			"damage":  damage,
			"nodes":   nodes,
			"is-pipe": isPipe,
			"forge":   forge,
			"blobs":   blobs,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "data" {
				return noData == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

var baseFolder string // of baseRuns, "" until then

// baseRuns makes, once for all tests, the artifacts that they copy: "warm" has
// the small run's data, "filled" all of its results. The error says why the
// data cannot be had.
var baseRuns = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "landscape-pipe-test-")
	if err != nil {
		panic(err)
	}
	baseFolder = dir
	params := filepath.Join(dir, "params.small.toml")
	if err := os.WriteFile(params, []byte(smallParams), 0o666); err != nil {
		panic(err)
	}
	do := func(artifacts string, args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		a := newApp(&stdout, &stderr, os.Getenv)
		code := run(context.Background(), a, append(args, "--params", params, "--artifacts", filepath.Join(dir, artifacts)))
		return code, stderr.String()
	}
	if code, text := do("warm", "repro", "fetch", "-q"); code != exitDone {
		return "", fmt.Errorf("no source of MNIST is in reach:\n%s", text)
	}
	if err := os.RemoveAll(filepath.Join(dir, "warm", "downloads")); err != nil {
		panic(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "filled"), os.DirFS(filepath.Join(dir, "warm"))); err != nil {
		panic(err)
	}
	for _, args := range [][]string{{"repro", "-q"}, {"check", "--update"}} {
		if code, text := do("filled", args...); code != exitDone {
			panic(fmt.Sprintf("%v: exit code %d\n%s", args, code, text))
		}
	}
	return dir, nil
})

// damage flips a bit of the objects whose digests these files hold.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(flipBit(ts.MkAbs("artifacts/store"), strings.TrimSpace(ts.ReadFile(name))))
	}
}

// flipBit damages an object of a store, wherever it lies.
func flipBit(store, digest string) error {
	st, err := cas.Open(store)
	if err != nil {
		return err
	}
	defer st.Close()
	d, err := cas.ParseDigest(digest)
	if err != nil {
		return err
	}
	at, err := st.Locate(context.Background(), d)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(at.Path)
	if err != nil {
		return err
	}
	content[at.Offset+at.Bytes/2] ^= 1
	if err := os.Chmod(at.Path, 0o644); err != nil {
		return err
	}
	return os.WriteFile(at.Path, content, 0o644)
}

func nodes(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(makePipe(ts.MkAbs(name)))
	}
}

func isPipe(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		info, err := os.Lstat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Type() != os.ModeNamedPipe {
			ts.Fatalf("%s is no longer a named pipe, but %v", name, info.Mode())
		}
	}
}

// forge makes a record say that a stage made other bytes than it makes.
func forge(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: forge STAGE OUTPUT")
	}
	st, err := cas.Open(ts.MkAbs("artifacts/store"))
	ts.Check(err)
	defer st.Close()
	key, ok, err := pipeline.LastKey(st, args[0])
	ts.Check(err)
	if !ok {
		ts.Fatalf("stage %s never ran", args[0])
	}
	rows, err := st.Lookup("actions", key.Digest)
	ts.Check(err)
	record, _, err := pipeline.LookupRecord(st, key)
	ts.Check(err)
	for _, o := range record.Outputs {
		if o.Name != args[1] {
			continue
		}
		content, err := st.Get(context.Background(), o.Digest)
		ts.Check(err)
		content = bytes.Clone(content)
		for i, ulp := range []uint32{3, 7} {
			at := content[len(content)-8+4*i:]
			binary.LittleEndian.PutUint32(at, binary.LittleEndian.Uint32(at)+ulp)
		}
		object := cas.Encode(content)
		row := bytes.Replace(rows[0], o.Digest[:], object.Digest[:], 1)
		ts.Check(st.Commit(context.Background(), cas.Batch{
			Objects: []cas.Object{object}, Rows: []cas.Row{{Table: "actions", Key: key.Digest, Value: row}},
		}))
		return
	}
	ts.Fatalf("%s has no output %s", args[0], args[1])
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	have := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		have = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if have != want {
		ts.Fatalf("exit code %d, want %d", have, want)
	}
}

func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: interrupt SIGNAL CODE args…")
	}
	signal := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]
	if signal == nil {
		ts.Fatalf("unknown signal %s", args[0])
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	var program string
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		name := filepath.Join(dir, "landscape-pipe")
		if _, err := os.Stat(name); program == "" && err == nil {
			program = name
		}
	}
	cmd := exec.Command(program, append(args[2:], "--progress=json")...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR")}
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	var said bytes.Buffer
	sent := false
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		var e eventValue
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Event == "finished" && e.Kind == "train" && !sent {
			sent = true
			ts.Check(cmd.Process.Signal(signal))
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), said.Bytes(), 0o666))
	if have := cmd.ProcessState.ExitCode(); have != want {
		ts.Fatalf("exit code %d, want %d\n%s", have, want, said.String())
	}
}

func validJSON(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: json FILE [key=value…]")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	object, _ := value.(map[string]any)
	for _, want := range args[1:] {
		key, text, _ := strings.Cut(want, "=")
		if have := fmt.Sprint(object[key]); have != text {
			ts.Fatalf("%s is %s, want %s", key, have, text)
		}
	}
}

func validJSONLines(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: jsonlines FILE")
	}
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		n++
		var value map[string]any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			ts.Fatalf("line %d is no JSON object: %v: %s", n, err, line)
		}
		if value["time"] == nil || value["event"] == nil {
			ts.Fatalf("line %d has no time or event: %s", n, line)
		}
	}
	if n == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
}

// blobs writes objects around one centre per class.
func blobs(ts *testscript.TestScript, _ bool, _ []string) {
	const objects, width, classes = 150, 20, 3
	x, y := make([]float64, 0, objects*width), make([]int64, objects)
	random := rng.New(1, "blobs", "values", 0)
	var text strings.Builder
	for i := range y {
		y[i] = int64(i % classes)
		for j := range width {
			value := random.Float64() - 0.5
			if j%classes == i%classes {
				value++
			}
			x = append(x, value)
			fmt.Fprintf(&text, "%v,", value)
		}
		fmt.Fprintln(&text, y[i])
	}
	ts.Check(os.WriteFile(ts.MkAbs("X.npy"), npy.Encode([]int{objects, width}, x), 0o666))
	ts.Check(os.WriteFile(ts.MkAbs("y.npy"), npy.Encode([]int{objects}, y), 0o666))
	ts.Check(os.WriteFile(ts.MkAbs("xy.csv"), []byte(text.String()), 0o666))
}
