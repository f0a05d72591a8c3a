package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// defaultPartInterval is how long finished parts of a stage collect in memory
// before they are committed together. If the process is killed, this much work
// is lost.
const defaultPartInterval = 5 * time.Second

// parts keeps the finished parts of one execution, for the case that it is
// interrupted; see [task.Task].
type parts struct {
	r *runner
	a *action

	mu       sync.Mutex
	used     map[string]bool   // names; nil at first
	kept     map[string]Digest // by an interrupted run; nil until asked for
	finished []finishedPart    // not committed
	since    time.Time         // the last commit, or the start
	err      error             // of the store

	commits sync.Mutex // one at a time
}

type finishedPart struct {
	name   string
	object cas.Object
}

// partRow returns a part as it lies in the store, under the key of its
// action: the run that made it, the digest of its bytes, and its name.
func partRow(k Key, run RunID, p finishedPart) cas.Row {
	value := append(run[:], p.object.Digest[:]...)
	return cas.Row{Table: tableParts, Key: k.Digest, Value: append(value, p.name...)}
}

func readPart(row []byte) (run RunID, d Digest, name string, ok bool) {
	if len(row) < len(run)+len(d) {
		return run, d, "", false
	}
	row = row[copy(run[:], row):]
	return run, d, string(row[copy(d[:], row):]), true
}

// keepParts has an execution keep and find parts. An execution that is to
// check a known result computes every part.
func (r *runner) keepParts(a *action, t *task.Task) *parts {
	if a.compare || a.prior != nil && len(a.lost) == 0 {
		t.Part = task.New(nil).Part
		return nil
	}
	p := &parts{r: r, a: a, since: time.Now()}
	t.Part = p.part
	return p
}

// find returns the digest of a part that an interrupted run has kept.
func (p *parts) find(name string) (d Digest, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return d, false, p.err
	}
	if p.used[name] {
		return d, false, fmt.Errorf("two parts are named %q", name)
	}
	if p.used == nil {
		p.used = make(map[string]bool)
	}
	p.used[name] = true
	if p.kept == nil {
		rows, err := p.r.p.store.Lookup(tableParts, p.a.key.Digest)
		if err != nil {
			return d, false, fmt.Errorf("reading the parts: %w", err)
		}
		p.kept = make(map[string]Digest)
		for _, row := range rows {
			if _, d, name, ok := readPart(row); ok {
				p.kept[name] = d
			}
		}
	}
	d, ok = p.kept[name]
	return d, ok, nil
}

// part is [task.Task.Part].
func (p *parts) part(name string, f func() ([]byte, error)) ([]byte, error) {
	digest, kept, err := p.find(name)
	if err != nil {
		return nil, err
	}
	if kept {
		data, err := p.r.p.store.Get(p.r.ctx, digest)
		if err == nil {
			return data, nil
		}
		if errors.As(err, new(*cas.DamagedError)) {
			if aside := p.r.p.store.Quarantine(p.r.ctx, digest); aside != nil {
				err = aside
			}
		}
		if !isLost(err) {
			return nil, fmt.Errorf("reading part %s: %w", name, err)
		}
	}
	data, err := f()
	if err == nil {
		err = p.r.ctx.Err() // after an interrupt f may have cut its work short
	}
	if err != nil {
		return nil, err
	}
	return data, p.keep(finishedPart{name, cas.Encode(data)})
}

// keep adds a finished part, and commits what has collected once the interval
// is over. The clock decides what an interrupted run has kept, never a result.
func (p *parts) keep(part finishedPart) error {
	p.mu.Lock()
	p.finished = append(p.finished, part)
	due := time.Since(p.since) >= p.r.o.PartInterval
	p.mu.Unlock()
	if !due {
		return nil
	}
	return p.flush()
}

// flush makes the finished parts durable. While it waits for the disk the
// next ones collect.
func (p *parts) flush() error {
	p.commits.Lock()
	defer p.commits.Unlock()
	p.mu.Lock()
	finished, err := p.finished, p.err
	p.finished, p.since = nil, time.Now()
	p.mu.Unlock()
	if err != nil || len(finished) == 0 {
		return err
	}
	var batch cas.Batch
	if !p.r.wrote.Swap(true) {
		batch.Rows = append(batch.Rows, p.r.info.row())
	}
	for _, part := range finished {
		batch.Objects = append(batch.Objects, part.object)
		batch.Rows = append(batch.Rows, partRow(p.a.key, p.r.info.ID, part))
	}
	if err = p.r.p.store.Commit(context.WithoutCancel(p.r.ctx), batch); err != nil {
		err = fmt.Errorf("writing the parts of %s: %w", p.a.stage.name, err)
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
	}
	return err
}
