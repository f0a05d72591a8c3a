// Package rng gives streams of random numbers that are the same on every
// machine, in every run, independent of all other computations.
//
// A stream is named, not passed along: its key is the user's seed, the stage,
// the purpose inside the stage and an index (an epoch, a layer, a
// permutation). So no draw depends on how many draws something else made, and
// the order of the tenth epoch needs none of the nine before it.
//
// The integers are math/rand/v2's PCG, whose output Go promises to keep. Everything
// that turns integers into other values is written here, because the
// library's floats may be compiled with fused operations and its bounded
// integers and shuffles are not part of that promise.
package rng

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Stream is a sequence of random numbers. It is not safe for concurrent use;
// give each goroutine streams of its own, by index.
type Stream struct {
	pcg *rand.PCG

	// Marsaglia's method makes normal numbers in pairs.
	spare     float64
	haveSpare bool
}

// New returns the stream of that key, at its beginning. Keys that differ in
// any part give independent streams.
func New(seed int64, stage, purpose string, index uint64) *Stream {
	// Lengths frame the names, so that ("ab", "c") and ("a", "bc") differ.
	b := make([]byte, 0, 64)
	b = append(b, "landscape-pipe rng 1\n"...)
	b = binary.LittleEndian.AppendUint64(b, uint64(seed))
	for _, s := range []string{stage, purpose} {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.LittleEndian.AppendUint64(b, index)
	sum := sha256.Sum256(b)
	return &Stream{pcg: rand.NewPCG(binary.LittleEndian.Uint64(sum[0:]), binary.LittleEndian.Uint64(sum[8:]))}
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 { return s.pcg.Uint64() }

// Float64 returns a multiple of 2⁻⁵³ in [0, 1), each equally likely.
func (s *Stream) Float64() float64 { return float64(float64(s.Uint64()>>11) * 0x1p-53) }

// Float32 returns a multiple of 2⁻²⁴ in [0, 1), each equally likely.
func (s *Stream) Float32() float32 { return float32(float32(s.Uint64()>>40) * 0x1p-24) }

// IntN returns an integer in [0, n), each equally likely (Lemire 2019). It
// panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic("rng: IntN of a number below 1")
	}
	bound := uint64(n)
	hi, lo := bits.Mul64(s.Uint64(), bound)
	if lo < bound {
		// 2⁶⁴ mod n values of lo would be one draw too many.
		for threshold := -bound % bound; lo < threshold; {
			hi, lo = bits.Mul64(s.Uint64(), bound)
		}
	}
	return int(hi)
}

// Shuffle brings p into a random order, each equally likely (Fisher–Yates,
// from the end).
func Shuffle[T any](s *Stream, p []T) {
	for i := len(p) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
}

// Permutation fills p with 0 … len(p)−1 in a random order.
func Permutation[T int | int32](s *Stream, p []T) {
	for i := range p {
		p[i] = T(i)
	}
	Shuffle(s, p)
}

// Normal returns a number of mean 0 and variance 1, normally distributed
// (Marsaglia's polar method).
func (s *Stream) Normal() float64 {
	if s.haveSpare {
		s.haveSpare = false
		return s.spare
	}
	for {
		u := float64(2*s.Float64()) - 1
		v := float64(2*s.Float64()) - 1
		q := float64(u*u) + float64(v*v)
		if q >= 1 || q == 0 {
			continue
		}
		f := math.Sqrt(-2 * detmath.Log(q) / q)
		s.spare, s.haveSpare = v*f, true
		return u * f
	}
}
