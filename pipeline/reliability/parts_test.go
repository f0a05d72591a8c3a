package reliability

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

const (
	partInterval = time.Second
	partTakes    = 200 * time.Millisecond
)

// partsGraph returns one stage that computes its output in parts. Each
// computation of a part appends a line to the journal when it ends.
func partsGraph(parts int, journal io.Writer) (*pipeline.Graph, error) {
	run := func(ctx context.Context, _ struct{}, t *pipeline.Task) (map[string][]byte, error) {
		results := make([][]byte, parts)
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(t.Workers)
		for i := range results {
			g.Go(func() (err error) {
				results[i], err = t.Part(fmt.Sprint("part ", i), func() ([]byte, error) {
					select {
					case <-time.After(partTakes):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					fmt.Fprintln(journal, "part", i)
					return fmt.Appendf(nil, "%d squared is %d\n", i, i*i), nil
				})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		return map[string][]byte{"data": bytes.Join(results, nil)}, nil
	}
	kind := &pipeline.Kind[struct{}]{Name: "cut", Outputs: []string{"data"}, Portable: true, Run: run}
	g := pipeline.NewGraph(nil)
	_, err := pipeline.Add(g, kind, pipeline.Node{Name: "cut", Cores: 2}, struct{}{})
	return g, err
}

// TestKillInsideAStage kills, ten times at random, the process that runs a
// stage of 200 parts on two cores. The parts that were computed more than once
// are no more than can be finished in ten intervals, and the bytes are those of
// an undisturbed run.
func TestKillInsideAStage(t *testing.T) {
	const parts, kills = 200, 10
	dir := t.TempDir()
	o := order{Store: filepath.Join(dir, "store"), Journal: filepath.Join(dir, "journal"), Parts: parts}
	kill := func(after time.Duration) (results digests) {
		w := start(t, o)
		timer := time.AfterFunc(after, func() { w.cmd.Process.Kill() })
		defer timer.Stop()
		_, results, _ = w.wait(t)
		return results
	}
	var waits []time.Duration
	for range kills {
		after := partInterval/2 + rand.N(2*partInterval)
		waits = append(waits, after)
		if kill(after) != nil {
			t.Fatalf("killed after %v: the stage had ended", waits)
		}
	}
	results := kill(time.Hour)
	var whole bytes.Buffer
	for i := range parts {
		fmt.Fprintf(&whole, "%d squared is %d\n", i, i*i)
	}
	if d := cas.Sum(whole.Bytes()); results["cut"]["data"] != d {
		t.Errorf("the output is %s, want %s", results["cut"]["data"].Short(), d.Short())
	}
	computed := 0
	count := executions(t, o.Journal)
	for _, times := range count {
		computed += times
	}
	t.Logf("%d parts computed for %d, killed after %v", computed, len(count), waits)
	const most = 2 * int(partInterval/partTakes)
	if lost := computed - parts; len(count) != parts || lost > kills*most {
		t.Errorf("%d parts are lost, want at most %d in each of %d intervals", lost, most, kills)
	}
}
