package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measured is what a command cost.
type measured struct {
	Seconds float64         `json:"seconds"` // from before its start to after its end
	Peak    int64           `json:"peak"`    // resident memory of its largest process, bytes; never less than this program's
	User    float64         `json:"user"`    // seconds of processor time, with its children
	System  float64         `json:"system"`
	Output  json.RawMessage `json:"output,omitempty"` // its stdout, if that is JSON
}

// measure runs a command whose failure is an error that shows its output.
func measure(args ...string) (measured, error) {
	if len(args) == 0 {
		return measured{}, errors.New("measure needs a command")
	}
	cmd := exec.Command(args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	m := measured{Seconds: time.Since(began).Seconds()}
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.Peak = usage.Maxrss << 10
	}
	m.User, m.System = cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds()
	if text := bytes.TrimSpace(stdout.Bytes()); json.Valid(text) {
		m.Output = text
	}
	return m, nil
}

// scaleCommand measures cold runs, no-ops and bare syncs of several sizes.
func scaleCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	sizes := flags.String("sizes", "10000,100000,1000000", "numbers of actions")
	most := flags.Int("most-contents", 100_000, "different outputs at most: more files would only measure the disk")
	dir := flags.String("dir", "", "folder for the stores; the system's for temporaries if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp(*dir, "engine-scale-")
	if err != nil {
		return err
	}
	// Not before the end: for some seconds after files were removed ext4
	// creates others more slowly.
	defer os.RemoveAll(root)
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(stdout, "load before: %s; cold: %d different outputs at most, bare: the syncs of these alone\n", bytes.TrimSpace(load), *most)
	fmt.Fprintf(stdout, "%9s  %9s %9s %9s  %9s %9s %9s  %9s\n",
		"actions", "cold s", "ms/stage", "peak MB", "no-op s", "µs/stage", "peak MB", "bare s")
	for size := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return fmt.Errorf("size %q: want a number of actions", size)
		}
		contents := min(n, *most)
		store := filepath.Join(root, size)
		run := []string{self, "run", "-actions", size, "-width", strconv.Itoa(max(1, n/100)), "-contents", strconv.Itoa(contents), "-store", store}
		syncs, err := measure(self, "syncs", "-actions", strconv.Itoa(contents), "-store", store+"-syncs")
		if err != nil {
			return err
		}
		cold, err := ownRun(n, 0, run)
		if err != nil {
			return err
		}
		noop := measured{Seconds: 1e9}
		for range 3 {
			again, err := ownRun(0, n, run)
			if err != nil {
				return err
			}
			if again.Seconds < noop.Seconds {
				noop = again
			}
		}
		fmt.Fprintf(stdout, "%9d  %9.2f %9.4f %9.1f  %9.3f %9.2f %9.1f  %9.2f\n", n,
			cold.Seconds, 1e3*cold.Seconds/float64(n), float64(cold.Peak)/1e6,
			noop.Seconds, 1e6*noop.Seconds/float64(n), float64(noop.Peak)/1e6,
			syncs.Seconds)
	}
	return nil
}

// ownRun measures this program's own run, checks that it did what it should,
// and takes the peak of memory that the run saw itself.
func ownRun(ran, cached int, args []string) (measured, error) {
	m, err := measure(args...)
	if err != nil {
		return m, err
	}
	var o outcome
	if err := json.Unmarshal(m.Output, &o); err != nil {
		return m, err
	}
	if o.Ran != ran || o.Cached != cached {
		return m, fmt.Errorf("%s: %d stages ran and %d were cached, want %d and %d", strings.Join(args, " "), o.Ran, o.Cached, ran, cached)
	}
	if o.Peak > 0 {
		m.Peak = o.Peak
	}
	return m, nil
}
