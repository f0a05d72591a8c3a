package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Before is the earlier action with which a stage is compared.
type Before struct {
	Key     Key
	Run     RunID // in which the stage was up to date with that key; else the run that made it
	Name    string
	Started time.Time // of the run; else of the action

	// Nearest says that no run of [Options.Since] had the stage: this is the
	// action of its kind whose key differs in the fewest fields.
	Nearest bool
}

// past is what a plan knows of earlier actions. It is read on demand.
type past struct {
	keys    []map[string]Key     // of [Options.Since]
	nearest map[string][]earlier // by kind; nil until it is needed
}

// earlier is an action on record.
type earlier struct {
	Before
	fields []Field
}

// before returns the action with which a stage is compared, with the fields of
// its key, nil if the store has lost its manifest. It is not ok if there is none.
func (p *Plan) before(s *Stage) (b Before, fields []Field, ok bool, err error) {
	if p.options.Since == nil {
		last, ok, err := LastKey(p.store, s.name)
		if err != nil || !ok {
			return b, nil, false, err
		}
		fields, err = p.fieldsOf(last)
		return Before{Key: last}, fields, true, err
	}
	for i := range p.options.Since {
		key, ok, err := p.keyIn(i, s.name)
		if err != nil {
			return b, nil, false, err
		}
		if !ok {
			continue
		}
		if fields, err = p.fieldsOf(key); err != nil {
			return b, nil, false, err
		}
		if fields != nil {
			run := p.options.Since[i]
			return Before{Key: key, Run: run.ID, Name: run.Name, Started: run.Started}, fields, true, nil
		}
	}
	near, err := p.nearestTo(s)
	if near == nil || err != nil {
		return b, nil, false, err
	}
	return near.Before, near.fields, true, nil
}

// fieldsOf returns the fields of an earlier key, nil if its manifest is lost.
func (p *Plan) fieldsOf(k Key) ([]Field, error) {
	m, err := lookupManifest(p.store, k)
	if m == nil || err != nil {
		return nil, err
	}
	return m.fields(), nil
}

// keyIn returns the key of a stage in run i of [Options.Since].
func (p *Plan) keyIn(i int, name string) (Key, bool, error) {
	for len(p.past.keys) <= i {
		run := p.options.Since[len(p.past.keys)]
		keys, err := run.Stages(context.Background(), p.store)
		if err != nil {
			return Key{}, false, err
		}
		p.past.keys = append(p.past.keys, keys)
	}
	key, ok := p.past.keys[i][name]
	return key, ok, nil
}

// nearestTo returns the action of the stage's kind whose key differs in the
// fewest fields, the latest of several; nil if the kind never ran.
func (p *Plan) nearestTo(s *Stage) (*earlier, error) {
	if p.past.nearest == nil {
		if err := p.readPast(); err != nil {
			return nil, err
		}
	}
	now := p.fields(s)
	var best *earlier
	least := 0
	for i := range p.past.nearest[s.kind.name] {
		e := &p.past.nearest[s.kind.name][i]
		n := differing(e.fields, now)
		if best == nil || n < least {
			best, least = e, n
		}
	}
	return best, nil
}

// maxPast is how many actions of a kind are compared with each of its stages: with
// all, a run of many stages over a large store would take time in proportion to
// the product.
const maxPast = 500

// readPast reads the manifests of the actions on record, of the kinds that the
// graph has: of each kind the latest, the last one first.
func (p *Plan) readPast() error {
	p.past.nearest = make(map[string][]earlier)
	err := p.store.Rows(tableActions, func(row cas.Row) bool {
		record, text, err := decodeRecord(row.Value)
		if err != nil {
			return true // damage is reported where the row is needed
		}
		m, err := decodeManifest(Key{row.Key}, text)
		if err != nil || p.graph.byKind[m.Kind] == nil {
			return true
		}
		p.past.nearest[m.Kind] = append(p.past.nearest[m.Kind], earlier{
			Before{Key: Key{row.Key}, Run: record.Run, Started: record.Started, Nearest: true}, m.fields(),
		})
		return true
	})
	if err != nil {
		return fmt.Errorf("reading the records: %w", err)
	}
	for kind, all := range p.past.nearest {
		slices.SortStableFunc(all, func(a, b earlier) int { return b.Started.Compare(a.Started) })
		p.past.nearest[kind] = all[:min(len(all), maxPast)]
	}
	return nil
}

// differing counts the fields in which two keys of a kind differ. Inputs that are
// not known yet do not count.
func differing(old, now []Field) int {
	n, i := 0, 0
	for _, f := range now {
		for i < len(old) && old[i].Path != f.Path && !slices.ContainsFunc(now, func(g Field) bool { return g.Path == old[i].Path }) {
			n++ // removed
			i++
		}
		switch {
		case i < len(old) && old[i].Path == f.Path:
			if old[i].Value != f.Value && f.Value != unknown {
				n++
			}
			i++
		default:
			n++ // added
		}
	}
	return n + len(old) - i
}
