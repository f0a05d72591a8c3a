package cas_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// The test binary is its own second process: with CAS_TEST_DIR it commits
// steps from CAS_TEST_FROM to CAS_TEST_TO and prints each that is durable.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CAS_TEST_DIR"); dir != "" {
		from, _ := strconv.Atoi(os.Getenv("CAS_TEST_FROM"))
		to, _ := strconv.Atoi(os.Getenv("CAS_TEST_TO"))
		if err := commitSteps(dir, from, to, func(i int) { fmt.Println(i) }); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func commitSteps(dir string, from, to int, durable func(int)) error {
	d, err := cas.Open(dir, cas.WithMergeAt(3))
	if err != nil {
		return err
	}
	defer d.Close()
	for i := from; i < to; i++ {
		if err := d.Commit(context.Background(), crashBatch(i)); err != nil {
			return err
		}
		durable(i)
	}
	return nil
}

func process(t *testing.T, dir string, from, to int) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CAS_TEST_DIR="+dir, fmt.Sprint("CAS_TEST_FROM=", from), fmt.Sprint("CAS_TEST_TO=", to))
	return cmd
}

// checkSteps looks whether all of these steps are in a store, once or more.
func checkSteps(t *testing.T, dir string, steps map[int]int) {
	t.Helper()
	d := openDisk(t, dir)
	defer d.Close()
	checkRows(t, dir, d)
	for i, times := range steps {
		for _, o := range crashBatch(i).Objects {
			if _, err := d.Get(t.Context(), o.Digest); err != nil {
				t.Errorf("step %d: %v", i, err)
			}
		}
		values, err := d.Lookup("records", cas.Sum([]byte{byte(i)}))
		if err != nil || len(values) < times {
			t.Errorf("step %d: %d rows, %v, want %d", i, len(values), err, times)
		}
	}
	report, err := d.Verify(t.Context(), true)
	if err != nil || !report.OK() || len(report.Unknown) > 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

func TestEightProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with space and Ünïcödé ☂", "new\nline")
	var commands []*exec.Cmd
	steps := make(map[int]int)
	for p := range 8 {
		cmd := process(t, dir, p, p+10) // most steps are done by many
		for i := p; i < p+10; i++ {
			steps[i]++
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if stderr.Len() > 0 {
				t.Log(stderr.String())
			}
		})
		commands = append(commands, cmd)
	}
	for _, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	checkSteps(t, dir, steps)
}

// TestKill kills processes with random timing; what they have reported is
// there, and nothing hinders the next one.
func TestKill(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	dir := filepath.Join(t.TempDir(), "store")
	steps := make(map[int]int)
	for round := range 8 {
		cmd := process(t, dir, 10*round, 200)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(5+random.IntN(100))*time.Millisecond, func() { cmd.Process.Kill() })
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if i, err := strconv.Atoi(lines.Text()); err == nil {
				steps[i]++
			}
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !(errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()) {
			t.Fatal(err)
		}
		checkSteps(t, dir, steps)
	}
	d := openDisk(t, dir)
	if _, err := d.GC(t.Context(), cas.GCOptions{}); err != nil {
		t.Errorf("gc after kills: %v", err)
	}
	if report, err := d.Verify(t.Context(), true); err != nil || report.Temporaries != 0 {
		t.Errorf("gc left temporaries: %+v, %v", report, err)
	}
	t.Logf("%d steps survived", len(steps))
}
