package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// stopWhen calls stop once the word was written so many times.
type stopWhen struct {
	bytes.Buffer
	word  string
	times int
	stop  func()
}

func (s *stopWhen) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if bytes.Count(s.Bytes(), []byte(s.word)) >= s.times {
		s.stop()
	}
	return n, err
}

// manyParts are arguments of curvature for a network whose increments have a part
// for each of its objects but the last.
func manyParts(t *testing.T, copies int) []string {
	t.Helper()
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	g.Inputs, g.Labels = slices.Repeat(g.Inputs, copies), slices.Repeat(g.Labels, copies)
	return append([]string{"curvature", "--json", "--top", "1", "--bottom", "1", "--increments", "all", "-j", "1", "--progress", "json"}, g.write(t, t.TempDir())...)
}

// TestStageGoesOnFromItsParts interrupts the verb in the middle of a stage and
// exchanges one of the parts that it kept for another one: the next start must
// take it as it is.
func TestStageGoesOnFromItsParts(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "store")
	args := append(manyParts(t, 12), "--store", store)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stderr := &stopWhen{word: `"event":"progress","stage":"increments`, times: 2, stop: stop}
	if code := run(ctx, newApp(io.Discard, stderr, noEnv), args); code == exitDone {
		t.Fatalf("the run was not interrupted:\n%s", stderr)
	}
	st, err := cas.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const name = "increment after "
	var kept []cas.Row
	if err := st.Rows("parts", func(row cas.Row) bool {
		if bytes.Contains(row.Value, []byte(name)) {
			kept = append(kept, row)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if len(kept) < 2 {
		t.Fatalf("%d parts were kept:\n%s", len(kept), stderr)
	}
	at := func(row cas.Row) int { return bytes.Index(row.Value, []byte(name)) } // the digest ends, the name begins
	a, b := kept[0], kept[1]
	exchanged := slices.Clone(a.Value)
	copy(exchanged[at(a)-32:at(a)], b.Value[at(b)-32:at(b)])
	if err := st.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: "parts", Key: a.Key, Value: exchanged}}}); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	if code := run(t.Context(), newApp(&stdout, stderr, noEnv), args); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	var have struct{ Increments struct{ K []int } }
	if err := json.Unmarshal(stdout.Bytes(), &have); err != nil {
		t.Fatal(err)
	}
	number := func(row cas.Row) (k int) {
		_, err := fmt.Sscan(strings.TrimPrefix(string(row.Value[at(row):]), name), &k)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	want := make([]int, len(have.Increments.K))
	for i := range want {
		if want[i] = i + 1; want[i] == number(a) {
			want[i] = number(b)
		}
	}
	if !slices.Equal(have.Increments.K, want) {
		t.Errorf("after an exchange of the parts %d and %d of %d, the sizes are %v", number(a), number(b), len(kept), have.Increments.K)
	}
}

// TestProgramIsKilled kills the program at random moments, at times two at once on
// one store: what comes to its end writes the same bytes as a run that nobody
// disturbs, and the store is intact.
func TestProgramIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("killing programs takes some seconds")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := manyParts(t, 4)
	start := func(store string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command(self, append(args, "--store", store)...)
		cmd.Args[0] = "landscape-pipe" // under this name the test is the program
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &stdout
	}
	dir := t.TempDir()
	began := time.Now()
	undisturbed, want := start(filepath.Join(dir, "undisturbed"))
	if err := undisturbed.Wait(); err != nil || want.Len() == 0 {
		t.Fatalf("%v: %s", err, want)
	}
	typical := time.Since(began)

	random := rand.New(rand.NewPCG(uint64(began.UnixNano()), 0))
	killed, complete := 0, 0
	for killed < 10 || complete == 0 {
		store := filepath.Join(dir, fmt.Sprint("store", complete))
		for ended := false; !ended; {
			var programs []*exec.Cmd
			var outputs []*bytes.Buffer
			for range 1 + random.IntN(2) {
				cmd, stdout := start(store)
				programs, outputs = append(programs, cmd), append(outputs, stdout)
				if killed < 10 {
					timer := time.AfterFunc(time.Duration(random.Int64N(int64(typical))), func() { cmd.Process.Kill() })
					defer timer.Stop()
				}
			}
			for i, cmd := range programs {
				err := cmd.Wait()
				var exit *exec.ExitError
				switch {
				case err == nil:
					ended = true
					if !bytes.Equal(outputs[i].Bytes(), want.Bytes()) {
						t.Errorf("after %d kills the program writes\n%s\nwant\n%s", killed, outputs[i], want)
					}
				case errors.As(err, &exit) && exit.ExitCode() == -1:
					killed++
				default:
					t.Fatalf("%v, %s", err, outputs[i])
				}
			}
		}
		complete++
		st, err := cas.Open(store)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if report, err := st.Verify(t.Context(), true); err != nil || !report.OK() {
			t.Errorf("the store after %d kills: %+v, %v", killed, report, err)
		}
	}
	t.Logf("%d programs killed within %v, %d runs complete", killed, typical, complete)
}
