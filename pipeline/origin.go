package pipeline

import (
	"fmt"
	"runtime"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Origin is an earlier action of a stage's kind that made given outputs.
type Origin struct {
	Stage  *Stage
	Key    Key
	Record Record
	Fields []FieldChange // from that action to the stage as it is planned now
}

// Origins looks, in one pass over all records, for the actions that made
// given outputs: by stage, the digest of each of its outputs. Where several
// made them, the one whose key differs least from the stage's is chosen, the
// latest of these. Stages of which none is found are left out; the others
// are in topological order.
func (p *Plan) Origins(st *cas.Store, want map[*Stage]map[string]Digest) ([]Origin, error) {
	marks := make(map[string]bool)
	mark := make(map[*Stage]string, len(want))
	for s, outputs := range want {
		m := ""
		for _, name := range s.kind.outputs {
			d, ok := outputs[name]
			if !ok {
				m = ""
				break
			}
			m += name + string(d[:])
		}
		if m != "" {
			mark[s], marks[m] = m, true
		}
	}
	found := make(map[string][]Key)
	records := make(map[Key]Record)
	for _, table := range []cas.Table{tableActions, tableEvidence} {
		err := st.Rows(table, func(row cas.Row) bool {
			r, _, err := decodeRecord(row.Value)
			if err != nil {
				return true
			}
			m := ""
			for _, o := range r.Outputs {
				m += o.Name + string(o.Digest[:])
			}
			if marks[m] {
				found[m] = append(found[m], Key(row.Key))
				records[Key(row.Key)] = r
			}
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("reading the records: %w", err)
		}
	}
	var origins []Origin
	for _, s := range p.graph.stages {
		if mark[s] == "" {
			continue
		}
		best := -1
		var origin Origin
		for _, key := range found[mark[s]] {
			m, err := lookupManifest(st, key)
			if err != nil {
				return nil, fmt.Errorf("reading the manifests: %w", err)
			}
			if m == nil || m.Kind != s.kind.name {
				continue
			}
			fields, err := p.compare(m.fields(), s)
			if err != nil {
				return nil, fmt.Errorf("comparing the keys of stage %s: %w", s.name, err)
			}
			changed := 0
			for _, f := range fields {
				if f.Changed {
					changed++
				}
			}
			if best < 0 || changed <= best {
				best, origin = changed, Origin{s, key, records[key], fields}
			}
		}
		if best >= 0 {
			origins = append(origins, origin)
		}
	}
	return origins, nil
}

// Expected returns the digests that the baseline expects of a stage's outputs
// on this architecture.
func (b *Baseline) Expected(s *Stage) map[string]Digest {
	outputs := make(map[string]Digest)
	for _, name := range s.kind.outputs {
		e, ok := b.results[resultName{s.name, name}]
		d := e.all
		if e.platform != nil {
			d = e.platform[runtime.GOARCH]
		}
		if ok && !d.IsZero() {
			outputs[name] = d
		}
	}
	return outputs
}

// Knows reports whether the baseline expects anything of a result, on
// whatever platform.
func (b *Baseline) Knows(stage, output string) bool {
	_, ok := b.results[resultName{stage, output}]
	return ok
}
