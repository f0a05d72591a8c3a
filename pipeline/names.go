package pipeline

import (
	"hash/maphash"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/slots"
)

// names finds the stages of a graph by name. Stages whose names have the same
// hash are chained from the last to the first.
type names struct {
	seed  maphash.Seed
	heads slots.Table // hash → index of a stage
	next  []int32     // by index of the stage: the one before it in the chain, or -1
}

func newNames() names { return names{seed: maphash.MakeSeed()} }

func (n *names) hash(name string) uint32 { return uint32(maphash.String(n.seed, name)) }

// find returns the stage of this name, nil if there is none.
func (g *Graph) find(hash uint32, name string) *Stage {
	for i := g.names.heads.Get(hash); i >= 0; i = g.names.next[i] {
		if s := g.stages[i]; s.name == name {
			return s
		}
	}
	return nil
}

// enter makes the stage that is added next known by its name.
func (n *names) enter(hash uint32) {
	n.next = append(room(n.next, 1), n.heads.Put(hash, int32(len(n.next))))
}
