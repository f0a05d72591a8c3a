package eigen

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// diagonal is the operator of a diagonal matrix. A random vector has the same
// distribution in every orthonormal basis, so no other is needed.
type diagonal []float64

func (d diagonal) Dim() int { return len(d) }

func (d diagonal) Apply(_ context.Context, dst, src []float64, block int) error {
	for i := range block * len(d) {
		dst[i] = d[i%len(d)] * src[i]
	}
	return nil
}

// pair is the exact eigenpair of entry i.
func (d diagonal) pair(i int) Pair {
	v := make([]float64, len(d))
	v[i] = 1
	return Pair{Value: d[i], Vector: v}
}

func descending(a, b float64) int { return cmp.Compare(b, a) }

// TestCompleteBoundsWhatGoesUnnoticed holds back one eigenpair of small random
// operators. At a limit of 1 % no more than that may go unnoticed, up to what
// chance adds over 10,000 cases.
func TestCompleteBoundsWhatGoesUnnoticed(t *testing.T) {
	const cases, listed = 10_000, 4
	r := rand.New(rand.NewPCG(1, 2))
	unnoticed, products := 0, 0
	for range cases {
		d := make(diagonal, 12+r.IntN(30))
		for i := range d {
			d[i] = r.NormFloat64()
		}
		slices.SortFunc(d, descending)
		held := r.IntN(listed)
		if r.IntN(2) == 0 {
			d[held] = d[(held+1)%listed] // the copy of another value
			slices.SortFunc(d, descending)
		}
		result := &Result{Norm: math.Abs(d[0])}
		for i := range listed + 1 {
			if i != held {
				result.Top = append(result.Top, d.pair(i))
			}
		}
		top, _, err := Complete(t.Context(), d, result, Completion{
			Chance: 1e-2, Tolerance: 1e-9, MaxProducts: 500, Workers: 1,
			Random: func(int) []float64 { return normals(r, len(d)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		products += result.Products
		if top.Values != listed {
			t.Fatalf("%d of %d values are complete: %v", top.Values, listed, d)
		}
		for i := range listed {
			if math.Abs(result.Top[i].Value-d[i]) > 1e-9*math.Abs(d[0])+1e-6*math.Abs(d[i]) {
				unnoticed++
				break
			}
		}
	}
	t.Logf("%d of %d unnoticed, %.1f products each", unnoticed, cases, float64(products)/cases)
	if unnoticed > cases*15/1000 {
		t.Errorf("%d of %d missing values went unnoticed, more than 1.5 %%", unnoticed, cases)
	}
}

// TestCompleteFindsCopies: Lanczos sees one copy of each value, Complete the
// others, at both ends.
func TestCompleteFindsCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for multiplicity := 2; multiplicity <= 12; multiplicity++ {
		values := make([]float64, 300)
		for i := range values {
			values[i] = 0.01 * r.NormFloat64()
		}
		for i := range 2 * multiplicity {
			values[i] = float64(3 - i/multiplicity)
			values[100+i] = float64(-4 + i/multiplicity)
		}
		op := withSpectrum(r, values)
		slices.Sort(values)
		result, err := Lanczos(t.Context(), op, Search{Top: 12, Bottom: 12, Tolerance: 1e-8, Start: normals(r, op.n), Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		top, bottom, err := Complete(t.Context(), op, result, Completion{
			Chance: 1e-9, Tolerance: 1e-8, MaxProducts: 3000, Workers: 2,
			Random: func(int) []float64 { return normals(r, op.n) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if top.Values != 12 || bottom.Values != 12 || top.Missed > 1e-9 || bottom.Missed > 1e-9 {
			t.Errorf("multiplicity %d: complete are %+v and %+v after %d products", multiplicity, top, bottom, result.Products)
		}
		for i := range 12 {
			if got, want := result.Top[i].Value, values[len(values)-1-i]; math.Abs(got-want) > 1e-6 {
				t.Errorf("multiplicity %d: top value %d is %v, want %v", multiplicity, i, got, want)
			}
			if got, want := result.Bottom[i].Value, values[i]; math.Abs(got-want) > 1e-6 {
				t.Errorf("multiplicity %d: bottom value %d is %v, want %v", multiplicity, i, got, want)
			}
		}
	}
}

// TestCompleteSaysWhatItCannotKnow: with too few products the list is cut to
// what is certain.
func TestCompleteSaysWhatItCannotKnow(t *testing.T) {
	d := make(diagonal, 400)
	for i := range d {
		d[i] = 1 + float64(i%7)*1e-3
	}
	d[0] = 5
	result := &Result{Norm: 5}
	for i := range 9 {
		result.Top = append(result.Top, d.pair(i))
	}
	slices.SortStableFunc(result.Top, func(a, b Pair) int { return descending(a.Value, b.Value) })
	r := rand.New(rand.NewPCG(5, 6))
	top, _, err := Complete(t.Context(), d, result, Completion{
		Chance: 1e-9, Tolerance: 1e-8, MaxProducts: 40, Workers: 1,
		Random: func(int) []float64 { return normals(r, len(d)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if top.Values != 1 {
		t.Errorf("%d values are called complete, want the first alone", top.Values)
	}
	if next := top.Next; next == nil || math.Abs(next.Value-1.006) > 1e-6 || next.Copies < 5 || next.Copies > 57 {
		t.Errorf("the list ends before %+v: want at least 5 copies of 1.006, which occurs 57 times", next)
	}
}

// TestFurther: Lanczos goes on until the search for missing values takes few products,
// as it foresees.
func TestFurther(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	d := make(diagonal, 600)
	for i := range d {
		d[i] = r.NormFloat64()
	}
	start := normals(r, len(d))
	first, then := map[int]int{}, map[int]int{}
	for _, further := range []int{0, 45} {
		s := Search{Top: 6, Bottom: 6, Tolerance: 1e-4, Further: further, Start: start, Workers: 1}
		result, err := Lanczos(t.Context(), d, s)
		if err != nil {
			t.Fatal(err)
		}
		first[further] = result.Products
		top, bottom, err := Complete(t.Context(), d, result, Completion{
			Chance: 1e-9, Tolerance: s.Tolerance, MaxProducts: 300, Workers: 1, Random: func(int) []float64 { return normals(r, len(d)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		then[further] = result.Products - first[further]
		if !result.Converged || top.Values != 6 || bottom.Values != 6 {
			t.Errorf("with %d further products foreseen: converged is %v, %d and %d values are complete", further, result.Converged, top.Values, bottom.Values)
		}
	}
	if then[45] > 45 || then[0] <= 45 {
		t.Errorf("%d further products, %d where none were foreseen: want at most 45, and more than that", then[45], then[0])
	}
	if first[45] <= first[0] || first[45] > first[0]+2*mostLate {
		t.Errorf("%d products with a limit for the further ones, %d without", first[45], first[0])
	}
}

// TestRunGivesUp: a run that finds nothing ends after its share of the products.
func TestRunGivesUp(t *testing.T) {
	d := make(diagonal, 400)
	for i := range d {
		d[i] = 1 - float64(i)*1e-4
	}
	d[0] = 5
	result := &Result{Norm: 5}
	for i := range 3 {
		result.Top = append(result.Top, d.pair(i))
	}
	r := rand.New(rand.NewPCG(5, 6))
	top, _, err := Complete(t.Context(), d, result, Completion{
		Chance: 1e-9, Tolerance: 1e-8, MaxProducts: 300, RunProducts: 20, Workers: 1,
		Random: func(int) []float64 { return normals(r, len(d)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if top.Values != 1 || result.Products != 20 {
		t.Errorf("%d values are complete after %d products, want 1 after 20", top.Values, result.Products)
	}
}
