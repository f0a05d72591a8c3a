package pipeline

import (
	"context"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

type benchParams struct {
	Dataset      string
	HiddenSize   int
	NumLayers    int
	SampleSize   int
	Seed         int64
	Epochs       int
	LearningRate float64
	Beta1, Beta2 float64
}

// benchGraph has chains of four stages on one source, as a sweep has.
func benchGraph(b *testing.B, n int) *Graph {
	run := func(_ context.Context, p benchParams, _ *Task) (map[string][]byte, error) {
		return map[string][]byte{"out": fmt.Append(nil, p), "log": nil}, nil
	}
	g := NewGraph(nil)
	kinds := make([]*Kind[benchParams], 4)
	for i, name := range []string{"fetch", "train", "losses", "differences"} {
		kinds[i] = &Kind[benchParams]{Name: name, Outputs: []string{"log", "out"}, Portable: true, Run: run}
	}
	p := benchParams{Dataset: "mnist", NumLayers: 5, SampleSize: 10000, Epochs: 10, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999}
	source, err := Add(g, kinds[0], Node{Name: "fetch"}, p)
	if err != nil {
		b.Fatal(err)
	}
	last := source
	for i := 1; i < n; i++ {
		k := kinds[1+(i-1)%3]
		inputs := map[string]Output{"images": source.Out("out")}
		if k != kinds[1] {
			inputs["weights"] = last.Out("out")
		}
		p.Seed = int64(i)
		if last, err = Add(g, k, Node{Name: fmt.Sprintf("%s[mnist,h=16,l=5,seed=%d]", k.Name, i), Inputs: inputs}, p); err != nil {
			b.Fatal(err)
		}
	}
	return g
}

func benchNoop(b *testing.B, n int) {
	g, st := benchGraph(b, n), openDisk(b, b.TempDir())
	noop := func(want int) {
		p, err := NewPlan(g, st, Options{})
		if err != nil {
			b.Fatal(err)
		}
		sum, err := p.Run(b.Context(), RunOptions{})
		if err != nil || sum.Ran != want {
			b.Fatalf("%d ran, %v", sum.Ran, err)
		}
	}
	noop(n)
	b.ReportAllocs()
	for b.Loop() {
		noop(0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/stage")
}

// A graph that is up to date, planned and run.
func BenchmarkNoop10k(b *testing.B)  { benchNoop(b, 10_000) }
func BenchmarkNoop100k(b *testing.B) { benchNoop(b, 100_000) }
func BenchmarkNoop1M(b *testing.B)   { benchNoop(b, 1_000_000) }

// The same with the store on disk, opened again each time as a process does,
// and with the graph built.
func BenchmarkNoopDisk10k(b *testing.B) {
	const n = 10_000
	dir := b.TempDir()
	filled := openDisk(b, dir)
	p, err := NewPlan(benchGraph(b, n), filled, Options{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := p.Run(b.Context(), RunOptions{}); err != nil {
		b.Fatal(err)
	}
	filled.Close()
	for b.Loop() {
		d, err := cas.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		p, err := NewPlan(benchGraph(b, n), d, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if sum, err := p.Run(b.Context(), RunOptions{}); err != nil || sum.Ran != 0 {
			b.Fatalf("%+v, %v", sum, err)
		}
		d.Close()
	}
}

// The graph alone.
func BenchmarkBuild10k(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		benchGraph(b, 10_000)
	}
}

// All stages run, and each does next to nothing.
func BenchmarkRun10k(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p, err := NewPlan(benchGraph(b, 10_000), openDisk(b, b.TempDir()), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Run(b.Context(), RunOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
