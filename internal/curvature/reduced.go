package curvature

import (
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// reduced is a point without the hidden units that none of its objects
// activates. They contribute nothing to any derivative, and trained networks
// have many: a third of the first layer is not rare in the paper's.
type reduced struct {
	point *Point  // the point itself where every unit is used
	units [][]int // [p]: the units kept of layer p, nil where all are; p = 0 … L
	full  *mlp.Network
}

// reduce returns the point without its dead units, made on first use.
func (pt *Point) reduce() *reduced {
	pt.once.Do(func() {
		n := pt.Network
		layers := n.Layers()
		s := &reduced{point: pt, full: n, units: make([][]int, layers+1)}
		widths, fewer := append([]int(nil), n.Widths...), false
		for p := 1; p < layers && n.Activation == mlp.ReLU; p++ {
			s.units[p] = activeUnits(pt.Workers, pt.x[p], n.Widths[p])
			if len(s.units[p]) < n.Widths[p] {
				widths[p], fewer = len(s.units[p]), true
			}
		}
		if fewer {
			s.point = pt.without(s, widths)
		}
		pt.small = s
	})
	return pt.small
}

// activeUnits lists the units that some object activates, and as many others as
// fill the last group of four, the lanes of a vector register.
func activeUnits(workers int, x []float64, width int) []int {
	seen := make([][]bool, 4*workers)
	parallel.Each(workers, len(seen), func(at int) {
		objects := len(x) / width
		rows := x[at*objects/len(seen)*width : (at+1)*objects/len(seen)*width]
		seen[at] = make([]bool, width)
		for i := 0; i < len(rows); i += width {
			for u, v := range rows[i : i+width] {
				if v > 0 {
					seen[at][u] = true
				}
			}
		}
	})
	used := make([]bool, width)
	for _, part := range seen {
		for u, yes := range part {
			used[u] = used[u] || yes
		}
	}
	count := 0
	for _, u := range used {
		if u {
			count++
		}
	}
	fill := min((count+3)&^3, width) - count
	if count == 0 {
		fill = min(4, width)
	}
	list := []int{}
	for u, yes := range used {
		if !yes && fill > 0 {
			yes = true
			fill--
		}
		if yes {
			list = append(list, u)
		}
	}
	return list
}

// without copies the point's matrices without the units that s leaves out.
func (pt *Point) without(s *reduced, widths []int) *Point {
	layers := len(widths) - 1
	small := &Point{
		Network: &mlp.Network{Widths: widths, Activation: pt.Network.Activation, Loss: pt.Network.Loss}, Data: pt.Data, inputs: pt.inputs, Workers: pt.Workers, Losses: pt.Losses,
		x: make([][]float64, layers), delta: make([][]float64, layers+1),
		slope: make([][]float64, layers), bend: make([][]float64, layers),
		prob: pt.prob, argmax: pt.argmax,
	}
	for p := range layers {
		small.Network.Weights = append(small.Network.Weights, s.matrix(p, pt.Network.Weights[p]))
		if pt.Network.Biases != nil {
			small.Network.Biases = append(small.Network.Biases, s.biases(p, pt.Network.Biases[p]))
		}
	}
	columns := func(a []float64, p int) []float64 {
		width := pt.Network.Widths[p]
		if len(s.units[p]) == 0 || len(s.units[p]) == width {
			return a
		}
		out := make([]float64, pt.Data.Objects*widths[p])
		parallel.Each(pt.Workers, 4*pt.Workers, func(at int) {
			for i := at * pt.Data.Objects / (4 * pt.Workers); i < (at+1)*pt.Data.Objects/(4*pt.Workers); i++ {
				from, to := a[i*width:(i+1)*width], out[i*widths[p]:(i+1)*widths[p]]
				for j, u := range s.units[p] {
					to[j] = from[u]
				}
			}
		})
		return out
	}
	for p := 1; p <= layers; p++ {
		if p < layers {
			small.x[p] = columns(pt.x[p], p)
		}
		small.delta[p] = columns(pt.delta[p], p)
	}
	return small
}

// matrix returns the rows and columns of matrix p that belong to kept units.
func (s *reduced) matrix(p int, w []float64) []float64 {
	in := s.full.Widths[p]
	small := make([]float64, 0, s.count(p)*s.count(p+1))
	for r := range s.count(p + 1) {
		row := w[s.unit(p+1, r)*in:][:in]
		if s.units[p] == nil {
			small = append(small, row...)
			continue
		}
		for _, c := range s.units[p] {
			small = append(small, row[c])
		}
	}
	return small
}

// biases returns those of layer p that belong to kept units, nil where it has none.
func (s *reduced) biases(p int, b []float64) []float64 {
	if len(b) == 0 {
		return nil
	}
	small := make([]float64, s.count(p+1))
	for r := range small {
		small[r] = b[s.unit(p+1, r)]
	}
	return small
}

// count is how many units of layer p are kept.
func (s *reduced) count(p int) int {
	if s.units[p] == nil {
		return s.full.Widths[p]
	}
	return len(s.units[p])
}

// unit is the r-th kept unit of layer p.
func (s *reduced) unit(p, r int) int {
	if s.units[p] == nil {
		return r
	}
	return s.units[p][r]
}

// gather maps directions of the full network to the smaller one; scatter does
// the reverse, zero where units are left out.
func (s *reduced) gather(src []float64, block int) []float64 {
	if s.point.Network == s.full {
		return src
	}
	dim := s.full.Parameters()
	small := make([]float64, 0, block*s.point.Network.Parameters())
	for d := range block {
		v := src[d*dim : (d+1)*dim]
		for p := range s.full.Weights {
			small = append(small, s.matrix(p, s.full.MatrixOf(v, p))...)
			small = append(small, s.biases(p, s.full.BiasOf(v, p))...)
		}
	}
	return small
}

func (s *reduced) scatter(dst, small []float64, block int) {
	clear(dst)
	at := 0
	for d := range block {
		for p := range s.full.Weights {
			in := s.full.Widths[p]
			own := dst[d*s.full.Parameters():][:s.full.Parameters()]
			matrix := s.full.MatrixOf(own, p)
			for r := range s.count(p + 1) {
				row := matrix[s.unit(p+1, r)*in:][:in]
				if s.units[p] == nil {
					copy(row, small[at:at+in])
					at += in
					continue
				}
				for _, c := range s.units[p] {
					row[c] = small[at]
					at++
				}
			}
			if bias := s.full.BiasOf(own, p); len(bias) > 0 {
				for r := range s.count(p + 1) {
					bias[s.unit(p+1, r)] = small[at]
					at++
				}
			}
		}
	}
}
