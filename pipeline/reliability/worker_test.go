package reliability

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The test binary is its own worker process: with workerVariable set it does
// one run as the order there says, and prints a line of JSON for each event.
const workerVariable = "RELIABILITY_TEST_WORKER"

// order is what a worker is to do.
type order struct {
	Recipe  recipe
	Store   string
	Journal string        // file to which each execution appends "stage\n" when it begins
	Export  string        // folder to export into, "" for none
	Pause   time.Duration // a stage takes up to this long, by chance
	Parts   int           // if not 0, one stage in so many parts is run instead
}

// line is what a worker prints.
type line struct {
	Finished string  `json:",omitempty"` // a stage that is durable
	Results  digests `json:",omitempty"` // the end of the run
	Ran      int     `json:",omitempty"`
}

func TestMain(m *testing.M) {
	text, ok := os.LookupEnv(workerVariable)
	if !ok {
		os.Exit(m.Run())
	}
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.work(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (o order) work(w io.Writer) error {
	journal, err := os.OpenFile(o.Journal, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer journal.Close()
	o.Recipe.Ran = func(name string) {
		// One write to a file that is opened for appending is never mixed
		// with those of other processes.
		fmt.Fprintln(journal, name)
		if o.Pause > 0 {
			time.Sleep(rand.N(o.Pause))
		}
	}
	g, err := o.Recipe.build()
	if o.Parts > 0 {
		g, err = partsGraph(o.Parts, journal)
	}
	if err != nil {
		return err
	}
	st, err := cas.Open(o.Store)
	if err != nil {
		return err
	}
	defer st.Close()
	p, err := pipeline.NewPlan(g, st, pipeline.Options{})
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	sum, err := p.Run(context.Background(), pipeline.RunOptions{Jobs: 2, PartInterval: partInterval, Events: func(e pipeline.Event) {
		if e.Kind == pipeline.EventFinished {
			out.Encode(line{Finished: e.Stage.Name()})
		}
	}})
	if err != nil {
		return err
	}
	if o.Export != "" {
		_, lost, err := p.Export(context.Background(), o.Export)
		if err == nil && lost != nil {
			err = fmt.Errorf("lost: %v", lost)
		}
		if err != nil {
			return err
		}
	}
	return out.Encode(line{Results: sum.Results(), Ran: sum.Ran})
}

// worker is a worker process.
type worker struct {
	cmd    *exec.Cmd
	stdout io.Reader
	stderr strings.Builder
}

// start starts a worker.
func start(t testing.TB, o order) *worker {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{cmd: exec.Command(self)}
	w.cmd.Env = append(os.Environ(), workerVariable+"="+string(text), "GOTRACEBACK=none")
	w.cmd.Stderr = &w.stderr
	if w.stdout, err = w.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// wait reads what the worker reports until it ends. A worker that was killed
// is no error, and has no results unless it was faster.
func (w *worker) wait(t testing.TB) (finished []string, results digests, ran int) {
	t.Helper()
	for lines := bufio.NewScanner(w.stdout); lines.Scan(); {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			break // cut off by the kill
		}
		if l.Finished != "" {
			finished = append(finished, l.Finished)
		}
		if l.Results != nil {
			results, ran = l.Results, l.Ran
		}
	}
	err := w.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return finished, results, ran
	}
	if err != nil {
		t.Errorf("worker: %v\n%s", err, w.stderr.String())
	}
	return finished, results, ran
}

// executions counts the lines of a journal by stage.
func executions(t testing.TB, journal string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(journal)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for name := range strings.Lines(string(text)) {
		count[strings.TrimSpace(name)]++
	}
	return count
}
