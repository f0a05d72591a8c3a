package landscape_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// matrix widens TestDeterminism from two modes to all of them.
var matrix = flag.String("determinism", "short", "what TestDeterminism compares: short, two modes; modes, all of them with two threads; full, all of them with 1, 2 and 8; the last two run arm64 under qemu-user-static")

// mode is one way to build and run the program.
type mode struct {
	name     string
	build    []string // environment of go build
	tags     string
	run      []string // environment of the run
	emulated bool
	avx512   bool // differs from default only on a processor with AVX-512
}

var modes = []mode{
	{name: "default"},
	{name: "noasm", tags: "noasm"},
	{name: "cpu.avx512f=off", run: []string{"GODEBUG=cpu.avx512f=off"}, avx512: true},
	{name: "cpu.fma=off", run: []string{"GODEBUG=cpu.fma=off"}},
	{name: "cpu.avx2=off", run: []string{"GODEBUG=cpu.avx2=off"}},
	{name: "cpu.all=off", run: []string{"GODEBUG=cpu.all=off"}},
	{name: "GOAMD64=v3", build: []string{"GOAMD64=v3"}},
	{name: "arm64 neon", build: []string{"GOARCH=arm64"}, emulated: true},
	{name: "arm64 noasm", build: []string{"GOARCH=arm64"}, tags: "noasm", emulated: true},
}

// TestDeterminism runs every stage of a small reproduction in each mode and
// with several numbers of threads, each in an empty store, and compares the digest of
// every artifact, drawn files included; and what curvature prints of networks of
// each activation and loss, in the short form of two of them.
func TestDeterminism(t *testing.T) {
	if !slices.Contains([]string{"short", "modes", "full"}, *matrix) {
		t.Fatalf("-determinism=%s: want short, modes or full", *matrix)
	}
	full := *matrix != "short"
	emulator, err := exec.LookPath("qemu-aarch64-static")
	if full && err != nil {
		t.Fatal("all modes need qemu-aarch64-static (Debian: apt-get install qemu-user-static): ", err)
	}
	t.Logf("default is path %s on this processor", kernel.Path())
	dir := t.TempDir()
	networks := writeNetworks(t, dir, full)
	binaries := map[string]string{}
	var want map[string]json.RawMessage
	for _, m := range modes {
		if m.avx512 && kernel.Path() != "avx512" {
			t.Logf("%-28s left out, and path avx512 with it: this processor has no AVX-512 (make avx512 runs it in an emulator)", m.name)
			continue
		}
		threads := []string{"1", "2", "8"}
		if *matrix == "modes" {
			threads = []string{"2"}
		}
		if !full {
			if m.name != "default" && m.name != "cpu.all=off" && !m.avx512 {
				continue
			}
			threads = []string{"1", "8"}
		}
		id := strings.Join(append(slices.Clone(m.build), m.tags), ",")
		if binaries[id] == "" {
			binaries[id] = filepath.Join(dir, fmt.Sprintf("landscape-pipe-%d", len(binaries)))
			build := exec.Command("go", "build", "-tags", m.tags, "-o", binaries[id], "./cmd/landscape-pipe")
			build.Env = append(append(os.Environ(), "CGO_ENABLED=0"), m.build...)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", m.name, err, out)
			}
		}
		for _, n := range threads {
			name := m.name + " GOMAXPROCS=" + n
			argv := []string{binaries[id]}
			if m.emulated {
				argv = append([]string{emulator}, argv...)
			}
			artifacts := filepath.Join(dir, strings.ReplaceAll(name, " ", "_"))
			got, skip := digests(t, name, argv, append(m.run, "GOMAXPROCS="+n), artifacts, n)
			if skip != "" {
				t.Skip(skip)
			}
			for _, network := range networks {
				got["curvature of "+network.name] = network.curvature(t, name, argv, append(m.run, "GOMAXPROCS="+n), artifacts)
			}
			if want == nil {
				want = got
				t.Logf("%d artifacts", len(want))
				continue
			}
			for _, artifact := range slices.Sorted(maps.Keys(want)) {
				if string(got[artifact]) != string(want[artifact]) {
					t.Errorf("%s: %s has digest %s, want %s", name, artifact, got[artifact], want[artifact])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d artifacts, want %d", name, len(got), len(want))
			}
			t.Logf("%-28s %d digests compared", name, len(want))
			os.RemoveAll(artifacts)
		}
	}
}

// digests runs the small reproduction and returns the digest of each of its
// artifacts, or why the data cannot be had.
func digests(t *testing.T, name string, argv, env []string, artifacts, jobs string) (map[string]json.RawMessage, string) {
	t.Helper()
	for _, verb := range [][]string{{"repro", "-q", "-j", jobs}, {"check", "--update"}} {
		args := slices.Concat(argv[1:], verb, []string{"--params", "testdata/determinism.toml", "--artifacts", artifacts})
		cmd := exec.Command(argv[0], args...)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			if bytes.Contains(out, []byte("no source")) {
				return nil, fmt.Sprintf("MNIST is out of reach:\n%s", out)
			}
			t.Fatalf("%s: %s: %v\n%s", name, verb[0], err, out)
		}
	}
	locks, err := filepath.Glob(filepath.Join(artifacts, "runs", "*", "lock.json"))
	if err != nil || len(locks) != 1 {
		t.Fatalf("%s: lock files %v, %v", name, locks, err)
	}
	text, err := os.ReadFile(locks[0])
	if err != nil {
		t.Fatal(err)
	}
	var lock struct{ Results map[string]json.RawMessage }
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	return lock.Results, ""
}
