package main

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWeightsInPython runs the lines of docs/formats.md that load a network in PyTorch:
// its mean loss, in float32, is that of the run.
func TestWeightsInPython(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import numpy, torch, safetensors").CombinedOutput(); err != nil {
		t.Skipf("python3 with numpy, torch and safetensors is not installed: %v\n%s", err, out)
	}
	base, noData := baseRuns()
	if noData != nil {
		t.Skipf("no source of MNIST is in reach: %v", noData)
	}
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(text), "```python\n")
	lines, _, ok := strings.Cut(lines, "```")
	if !ok {
		t.Fatal("docs/formats.md has no lines of Python")
	}
	dir := t.TempDir()
	args := verbArgs(t, base, "weights", []string{"train[h=4]", "-q", "-o", filepath.Join(dir, "net")})
	var stderr bytes.Buffer
	if code := run(t.Context(), newApp(&bytes.Buffer{}, &stderr, noEnv), args); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, &stderr)
	}
	python := exec.Command("python3", "-c", lines)
	python.Dir = dir
	out, err := python.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	if want := lossOf(t, base, "4"); !(math.Abs(got-want) <= 1e-5) {
		t.Errorf("PyTorch has the mean loss %v, the run %v", got, want)
	}
}

// lossOf reads the mean loss of the network of a hidden size from the tables of the
// small run.
func lossOf(t *testing.T, base, hidden string) float64 {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(base, "filled", "runs", "*", "results", "networks.csv"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	file, err := os.Open(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	for _, row := range rows[1:] {
		if row[at("hidden_size")] == hidden {
			loss, err := strconv.ParseFloat(row[at("mean_loss")], 64)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
	}
	t.Fatalf("no network of h = %s in %v", hidden, rows)
	return 0
}
