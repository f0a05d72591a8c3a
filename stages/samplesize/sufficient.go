package samplesize

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// largestSize caps sizes that are extrapolated.
const largestSize = 1 << 53

// closedSizes returns m*(ε) of V/(k(k+1)): the smallest k with k(k+1) ≥ V/ε².
func closedSizes(epsilons []float64, v float64, sample int) []artifact.Sufficient {
	list := make([]artifact.Sufficient, len(epsilons))
	for i, e := range epsilons {
		list[i] = artifact.Sufficient{Epsilon: e, Closed: closedSize(max(v, 0) / float64(e*e))}
		list[i].Beyond = list[i].Closed > int64(sample)
	}
	return list
}

// closedSize returns the smallest k ≥ 1 with k(k+1) ≥ x.
func closedSize(x float64) int64 {
	if !(x < 0x1p104) {
		return largestSize
	}
	k := int64(math.Ceil((math.Sqrt(1+float64(4*x)) - 1) / 2))
	product := func(k int64) float64 { return float64(k) * float64(k+1) }
	for k > 1 && product(k-1) >= x {
		k--
	}
	for k < largestSize && product(k) < x {
		k++
	}
	return min(max(k, 1), largestSize)
}

// paths walks through single orders of the objects and finds both definitions
// of the sufficient size for Δ₁ and Δ₂^(D).
func paths(ctx context.Context, p Params, losses []float64, m *curvature.Projected, s *artifact.SampleSizeSummary) error {
	n := len(losses)
	trace := traces(m)
	var paired []int // criteria that have paths
	for i, c := range s.Criteria {
		if c.Name != "delta2" {
			paired = append(paired, i)
		}
	}
	first, always := make([][][]float64, len(paired)), make([][][]float64, len(paired)) // [criterion][ε][order]
	for a := range paired {
		first[a], always[a] = make([][]float64, len(p.Epsilons)), make([][]float64, len(p.Epsilons))
	}
	reached := make([][]int, len(paired))
	for a := range reached {
		reached[a] = make([]int, len(p.Epsilons))
	}
	order := make([]int, n)
	changes := make([][]float64, len(paired))
	for a := range changes {
		changes[a] = make([]float64, n-1)
	}
	for o := range p.Orders {
		if err := ctx.Err(); err != nil {
			return err
		}
		rng.Permutation(rng.New(p.Seed, "samplesize", "order", uint64(o)), order)
		walk(order, losses, trace, m, s.Criteria, paired, changes)
		for a := range paired {
			for e, epsilon := range p.Epsilons {
				f, l := n, 1
				for k := 1; k < n; k++ {
					if changes[a][k-1] <= epsilon {
						f = min(f, k)
					} else {
						l = k + 1
					}
				}
				first[a][e], always[a][e] = append(first[a][e], float64(f)), append(always[a][e], float64(l))
				if l < n {
					reached[a][e]++
				}
			}
		}
	}
	for a, i := range paired {
		for e := range p.Epsilons {
			f, l := artifact.NewQuantiles(first[a][e]), artifact.NewQuantiles(always[a][e])
			to := &s.Criteria[i].Sufficient[e]
			to.First, to.Always, to.Reached = &f, &l, float64(reached[a][e])/float64(p.Orders)
		}
	}
	return nil
}

// walk writes the root of each criterion at k = 1 … n−1 along one order. With
// tildes for the value of object k+1 less the mean of the first k, the mean
// over ξ is [ã² + σ² ã tr B̃ + σ² ‖c̃‖² + (σ⁴/4)(2‖B̃‖_F² + (tr B̃)²)]/(k+1)².
func walk(order []int, losses, trace []float64, m *curvature.Projected, criteria []artifact.Criterion, paired []int, changes [][]float64) {
	d, dd := m.M, m.M*m.M
	var loss, tr float64 // running sums over the first k
	c, b := make([]float64, d), make([]float64, dd)
	for k, i := range order {
		if k > 0 {
			size := float64(k)
			a, t := losses[i]-loss/size, trace[i]-tr/size
			var gradient, squares float64
			for j, x := range m.C[i*d : (i+1)*d] {
				x -= c[j] / size
				gradient += float64(x * x)
			}
			for j, x := range m.B[i*dd : (i+1)*dd] {
				x -= b[j] / size
				squares += float64(x * x)
			}
			for at, index := range paired {
				s2 := float64(criteria[index].Sigma * criteria[index].Sigma)
				sum := float64(a*a) + float64(s2*float64(a*t)) + float64(s2*gradient) + float64(s2*s2/4*(float64(2*squares)+float64(t*t)))
				changes[at][k-1] = math.Sqrt(max(sum, 0)) / (size + 1)
			}
		}
		loss += losses[i]
		tr += trace[i]
		for j, x := range m.C[i*d : (i+1)*d] {
			c[j] += x
		}
		for j, x := range m.B[i*dd : (i+1)*dd] {
			b[j] += x
		}
	}
}
