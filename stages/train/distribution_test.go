package train

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

var distribution = flag.String("distribution", "short", "how many networks TestDistribution trains: short (three cells) or full (all 25)")

// The test of "same distribution as another implementation". The other one is
// PyTorch: the same recipe, seeds 0–7 of each of the paper's 25 cells on MNIST and on
// CIFAR-10 (testdata/training_cifar10.py made the latter file). What is compared, and
// the levels, were fixed before the first run:
//
//   - for MAD and for mean loss: van Elteren's sum, Σz² and max|z| over cells,
//     by permutation of the labels within cells, 100,000 times; Bonferroni over
//     these six with a family error of 0.01;
//   - the pooled ratio of both, whose 95 % interval must lie within ±6 %
//     (full run only: three cells cannot show it).
//
// A collapsed network (every ReLU dead) has MAD 0 and loss ln 10, of which
// PyTorch prints float32's neighbour. Ranks take it in, as equal to the other
// collapsed ones; a ratio cannot, and leaves it out, and the number of collapsed
// networks is printed with its own p-value instead.
const (
	familyError  = 0.01
	permutations = 100_000
	ratioLimit   = 0.06
	collapsedMAD = 1e-6
	goldenSeeds  = 8
)

// outcome is one trained network, of either implementation.
type outcome struct {
	H    int     `json:"h"`
	L    int     `json:"L"`
	Seed int64   `json:"seed"`
	Mean float64 `json:"mean"`
	MAD  float64 `json:"mad"`
}

func (o outcome) collapsed() bool { return o.MAD <= collapsedMAD }

type size struct{ h, l int }

func readGolden(t *testing.T, dataset string) (sizes []size, golden map[size][]outcome) {
	t.Helper()
	b, err := os.ReadFile("testdata/training_" + dataset + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []outcome
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	golden = make(map[size][]outcome)
	for _, r := range rows {
		s := size{r.H, r.L}
		if len(golden[s]) == 0 {
			sizes = append(sizes, s)
		}
		golden[s] = append(golden[s], r)
	}
	return sizes, golden
}

// paper is the recipe of the paper for one network.
func paper(s size, seed int64) Params {
	return Params{
		HiddenSize: s.h, NumLayers: s.l, Classes: 10, SampleSize: 10_000, Seed: seed,
		Epochs: 10, BatchSize: 64, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
	}
}

// trainCells trains goldenSeeds networks of each size, change applied to the
// recipe, side by side on all cores.
func trainCells(t *testing.T, inputs map[string][]byte, sizes []size, change func(*Params)) map[size][]outcome {
	t.Helper()
	data, err := mlp.DecodeData(inputs, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]outcome, len(sizes)*goldenSeeds)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	start := time.Now()
	for i := range results {
		s, seed := sizes[i/goldenSeeds], int64(i%goldenSeeds)
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			p := paper(s, seed)
			change(&p)
			out, err := Run(context.Background(), p, task.New(inputs))
			if err != nil {
				t.Errorf("h=%d l=%d seed=%d: %v", s.h, s.l, seed, err)
				return
			}
			network, err := mlp.DecodeNetwork(out[Weights])
			if err != nil {
				t.Error(err)
				return
			}
			e, err := nn.Evaluate(context.Background(), network, data, 1)
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = describe(s, seed, e.Losses)
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Logf("%d networks trained and evaluated in %.1f s on %d cores (%s)", len(results), time.Since(start).Seconds(), cap(slots), kernel.Path())
	cells := make(map[size][]outcome)
	for i, r := range results {
		cells[sizes[i/goldenSeeds]] = append(cells[sizes[i/goldenSeeds]], r)
	}
	return cells
}

func describe(s size, seed int64, losses []float64) outcome {
	n := float64(len(losses))
	o := outcome{H: s.h, L: s.l, Seed: seed, Mean: kernel.Sum64(losses) / n}
	deviations := make([]float64, len(losses))
	for i, l := range losses {
		deviations[i] = math.Abs(l - o.Mean)
	}
	o.MAD = kernel.Sum64(deviations) / n
	return o
}

// verdict is the outcome of the comparison.
type verdict struct {
	smallest float64 // of the six p-values
	ratios   map[string]Interval
	table    string
}

// compare runs the whole test on the given sizes.
func compare(t *testing.T, sizes []size, ours, theirs map[size][]outcome) verdict {
	t.Helper()
	cells := func(value func(outcome) float64, keep func(outcome) bool) []Cell {
		var out []Cell
		for _, s := range sizes {
			c := Cell{Name: fmt.Sprintf("h=%d l=%d", s.h, s.l)}
			for _, o := range ours[s] {
				if keep(o) {
					c.A = append(c.A, value(o))
				}
			}
			for _, o := range theirs[s] {
				if keep(o) {
					c.B = append(c.B, value(o))
				}
			}
			out = append(out, c)
		}
		return out
	}
	all := func(outcome) bool { return true }
	alive := func(o outcome) bool { return !o.collapsed() }
	permuted := func(c []Cell, index uint64) Comparison {
		r, err := ComparePermuted(c, permutations, rng.New(0, "train", "distribution", index))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	quantities := []struct {
		name  string
		value func(outcome) float64
		dead  float64 // what every collapsed network has, exactly
	}{
		{"MAD", func(o outcome) float64 { return o.MAD }, 0},
		{"mean loss", func(o outcome) float64 { return o.Mean }, math.Ln10},
	}
	v := verdict{smallest: 1, ratios: make(map[string]Interval)}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	z := make([][]float64, len(quantities))
	fmt.Fprintln(w, "\tvan Elteren z\tp\tΣz²\tp\tmax|z|\tp\tratio ours/theirs\t95 % interval\t")
	for i, q := range quantities {
		c := permuted(cells(func(o outcome) float64 {
			if o.collapsed() {
				return q.dead
			}
			return q.value(o)
		}, all), uint64(i))
		z[i] = c.Z
		r, used, err := PooledLogRatio(cells(q.value, alive))
		if err != nil {
			t.Fatal(err)
		}
		v.ratios[q.name] = r
		for _, test := range []Test{c.VanElteren, c.SumSquares, c.MaxZ} {
			v.smallest = min(v.smallest, test.P)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.5f\t%.1f\t%.5f\t%.2f\t%.5f\t%.4f\t%.4f … %.4f (%d cells)\t\n", q.name,
			c.VanElteren.Statistic, c.VanElteren.P, c.SumSquares.Statistic, c.SumSquares.P, c.MaxZ.Statistic, c.MaxZ.P,
			math.Exp(r.Estimate), math.Exp(r.Low), math.Exp(r.High), used)
	}
	w.Flush()
	dead := permuted(cells(func(o outcome) float64 {
		if o.collapsed() {
			return 1
		}
		return 0
	}, all), 2)
	count := func(m map[size][]outcome) (n int) {
		for _, s := range sizes {
			for _, o := range m[s] {
				if o.collapsed() {
					n++
				}
			}
		}
		return n
	}
	fmt.Fprintf(&text, "collapsed networks: %d ours, %d theirs, p = %.3f (within cells; for information)\n", count(ours), count(theirs), dead.VanElteren.P)
	fmt.Fprintf(&text, "smallest of the six p-values %.5f, level of each %.5f\n\n", v.smallest, Bonferroni(familyError, 6))

	fmt.Fprintln(w, "h\tl\tMAD ours\ttheirs\tz\tmean loss ours\ttheirs\tz\tcollapsed\t")
	for i, s := range sizes {
		one := func(m map[size][]outcome) map[size][]outcome { return map[size][]outcome{s: m[s]} }
		fmt.Fprintf(w, "%d\t%d\t%.3f\t%.3f\t%+.2f\t%.3f\t%.3f\t%+.2f\t%d : %d\t\n", s.h, s.l,
			median(ours[s], quantities[0].value), median(theirs[s], quantities[0].value), z[0][i],
			median(ours[s], quantities[1].value), median(theirs[s], quantities[1].value), z[1][i],
			count(one(ours)), count(one(theirs)))
	}
	w.Flush()
	v.table = text.String()
	return v
}

func median(o []outcome, value func(outcome) float64) float64 {
	v := make([]float64, len(o))
	for i := range o {
		v[i] = value(o[i])
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// TestDistribution trains seeds 0–7 of the cells on MNIST and compares them with
// PyTorch's.
func TestDistribution(t *testing.T) {
	testDistribution(t, "mnist", []size{{8, 3}, {32, 1}, {32, 3}}, mnist)
}

// TestDistributionCIFAR10 does the same on CIFAR-10, where LANDSCAPE_DATA has it.
func TestDistributionCIFAR10(t *testing.T) {
	testDistribution(t, "cifar10", []size{{8, 3}, {16, 1}, {16, 3}}, cifar10)
}

// testDistribution compares the trainings on a data set with PyTorch's. The short
// form takes three cells, once by the recipe and once with half the epochs, which the
// test must tell apart.
func testDistribution(t *testing.T, dataset string, few []size, read func(t *testing.T, objects int) map[string][]byte) {
	sizes, golden := readGolden(t, dataset)
	full := *distribution == "full"
	switch {
	case full:
	case *distribution != "short":
		t.Fatalf("-distribution=%s: want short or full", *distribution)
	case testing.Short():
		t.Skip("-short: training 48 networks takes seconds")
	case kernel.Path() == "scalar":
		t.Skip("no vector code here, training would take minutes; the bits are the same (TestDigests)")
	default:
		sizes = few
	}
	inputs := read(t, 10_000)
	v := compare(t, sizes, trainCells(t, inputs, sizes, func(*Params) {}), golden)
	t.Logf("ours against PyTorch, seeds 0–7, %d cells:\n%s", len(sizes), v.table)
	if v.smallest <= Bonferroni(familyError, 6) {
		t.Errorf("p = %v: the distribution is not that of PyTorch", v.smallest)
	}
	if full {
		for name, r := range v.ratios {
			if limit := math.Log1p(ratioLimit); r.Low < -limit || r.High > limit {
				t.Errorf("%s: the ratio's interval %.4f … %.4f does not lie within ±%v", name, math.Exp(r.Low), math.Exp(r.High), ratioLimit)
			}
		}
		return
	}
	wrong := trainCells(t, inputs, sizes, func(p *Params) { p.Epochs /= 2 })
	v = compare(t, sizes, wrong, golden)
	t.Logf("the same with half the epochs:\n%s", v.table)
	if v.smallest > Bonferroni(familyError, 6) {
		t.Errorf("p = %v: the test does not notice half the epochs", v.smallest)
	}
}
