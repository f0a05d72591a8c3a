package pipeline

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// TestShortStagesShareSyncs: in a bubble no time passes while stages run, so all
// of them end up in one batch.
func TestShortStagesShareSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk()
		k, st := newKitchen(), disk.open()
		defer st.Close()
		g := NewGraph(nil)
		for i := range 100 {
			k.add(t, g, fmt.Sprint("stage ", i), sumParams{Add: i})
		}
		disk.Inject(castest.Fault{Op: "sync"})
		if sum := mustDo(t, g, st); sum.Ran != 100 {
			t.Fatalf("%+v", sum)
		}
		// One of the store's format, two of the batch, two of the end of the run.
		if n := disk.Ops(); n > 5 {
			t.Errorf("%d syncs for 100 stages, want 5", n)
		}
	})
}

// TestFinishedStagesWaitForNoLongOne: a stage that has finished becomes durable
// although another one runs on.
func TestFinishedStagesWaitForNoLongOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, st := newKitchen(), newStore()
		k.hook = func(p sumParams, _ *Task) error {
			time.Sleep(time.Duration(p.Add) * time.Hour)
			return nil
		}
		g := NewGraph(nil)
		k.add(t, g, "short", sumParams{Add: 1})
		k.add(t, g, "long", sumParams{Add: 2})
		began := time.Now()
		finished := make(map[string]time.Duration)
		_, err := mustPlan(t, g, st, Options{}).Run(t.Context(), RunOptions{Jobs: 2, Events: func(e Event) {
			if e.Kind == EventFinished {
				finished[e.Stage.Name()] = time.Since(began)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := finished["short"] - time.Hour; got < 0 || got > time.Second {
			t.Errorf("the short stage was durable %v after its end", got)
		}
		if got := finished["long"] - 2*time.Hour; got != 0 {
			t.Errorf("the long stage waited for %v with nothing left to run", got)
		}
	})
}
