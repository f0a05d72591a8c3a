package pipeline

import "slices"

// slabs hand out parts of larger pieces of memory. A graph of a million
// stages would else be millions of objects, each of which the garbage
// collector visits. A part that was handed out stays where it is.
type slabs struct {
	stages []Stage
	bytes  []byte
}

const (
	stagesASlab = 256
	bytesASlab  = 64 << 10
)

// stage returns a zero Stage.
func (m *slabs) stage() *Stage {
	if len(m.stages) == 0 {
		m.stages = make([]Stage, stagesASlab)
	}
	s := &m.stages[0]
	m.stages = m.stages[1:]
	return s
}

// clone returns a copy of b.
func (m *slabs) clone(b []byte) []byte {
	if len(b) > bytesASlab/16 {
		return slices.Clone(b)
	}
	if len(b) > len(m.bytes) {
		m.bytes = make([]byte, bytesASlab)
	}
	own := m.bytes[:len(b):len(b)]
	m.bytes = m.bytes[len(b):]
	copy(own, b)
	return own
}

// room returns s with room for n more. Long slices double: append would copy
// them five times until they have grown by so much.
func room[E any](s []E, n int) []E {
	if cap(s)-len(s) >= n {
		return s
	}
	return slices.Grow(s, max(n, len(s)))
}
