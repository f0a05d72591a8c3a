package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sized is what one number of actions costs.
type sized struct {
	actions    int
	cold, noop measured
	bare       measured // appending and syncing as many bytes
}

// scaleCommand measures cold runs, no-ops and bare syncs of several sizes.
func scaleCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	sizes := flags.String("sizes", "10000,100000,1000000", "numbers of actions")
	most := flags.Int("most-contents", 100_000, "different outputs at most: more files would only measure the disk")
	size := flags.Int("bytes", 8, "size of an output, in bytes")
	dir := flags.String("dir", "", "folder for the stores; the system's for temporaries if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := os.MkdirTemp(*dir, "engine-scale-")
	if err != nil {
		return err
	}
	// Not before the end: for some seconds after files were removed, ext4
	// creates others more slowly.
	defer os.RemoveAll(root)
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(stdout, "load before: %s; at most %d different outputs; cpu: user and system time; MB: peak of resident memory\n",
		bytes.TrimSpace(load), *most)
	fmt.Fprintf(stdout, "%9s | %8s %9s %9s %7s | %8s %9s %9s %7s | %8s %9s\n", "actions",
		"cold s", "ms/stage", "cpu", "MB", "no-op s", "µs/stage", "cpu", "MB", "bare s", "ms/stage")
	var all []sized
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("size %q: want a number of actions", text)
		}
		s, err := measureSize(n, min(n, *most), *size, filepath.Join(root, text))
		if err != nil {
			return err
		}
		all = append(all, s)
		fmt.Fprintf(stdout, "%9d | %8.2f %9.4f %9.4f %7.1f | %8.3f %9.2f %9.2f %7.1f | %8.2f %9.4f\n", n,
			s.cold.Seconds, 1e3*s.perStage(s.cold.Seconds), 1e3*s.perStage(s.cold.cpu()), float64(s.cold.Peak)/1e6,
			s.noop.Seconds, 1e6*s.perStage(s.noop.Seconds), 1e6*s.perStage(s.noop.cpu()), float64(s.noop.Peak)/1e6,
			s.bare.Seconds, 1e3*s.bare.Seconds/float64(s.actions))
	}
	first, last := all[0], all[len(all)-1]
	ratio := func(of func(sized) float64) float64 { return of(last) / of(first) }
	fmt.Fprintf(stdout, "%9s | %8s %9.2f %9.2f %7.1f | %8s %9.2f %9.2f %7.1f | %8s %9.2f\n", "last/first",
		"", ratio(func(s sized) float64 { return s.perStage(s.cold.Seconds) }),
		ratio(func(s sized) float64 { return s.perStage(s.cold.cpu()) }),
		ratio(func(s sized) float64 { return float64(s.cold.Peak) }),
		"", ratio(func(s sized) float64 { return s.perStage(s.noop.Seconds) }),
		ratio(func(s sized) float64 { return s.perStage(s.noop.cpu()) }),
		ratio(func(s sized) float64 { return float64(s.noop.Peak) }),
		"", ratio(func(s sized) float64 { return s.bare.Seconds / float64(s.actions) }))
	return nil
}

func (s sized) perStage(seconds float64) float64 { return seconds / float64(s.actions) }

func (m measured) cpu() float64 { return m.User + m.System }

// measureSize measures n actions with a new store. The fastest no-op and the
// one with the least processor time count: disturbances only add.
func measureSize(n, contents, size int, store string) (s sized, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	s.actions = n
	if s.bare, err = measure(self, "syncs", "-actions", strconv.Itoa(n), "-bytes", strconv.Itoa(size), "-store", store+"-syncs"); err != nil {
		return s, err
	}
	run := []string{self, "run", "-actions", strconv.Itoa(n), "-width", strconv.Itoa(max(1, n/100)), "-contents", strconv.Itoa(contents), "-bytes", strconv.Itoa(size), "-store", store}
	if s.cold, err = ownRun(n, 0, run); err != nil {
		return s, err
	}
	for i := range max(3, min(20, 200_000/n)) {
		again, err := ownRun(0, n, run)
		if err != nil {
			return s, err
		}
		if i == 0 {
			s.noop = again
			continue
		}
		s.noop.Seconds = min(s.noop.Seconds, again.Seconds)
		s.noop.Peak = max(s.noop.Peak, again.Peak)
		if again.cpu() < s.noop.cpu() {
			s.noop.User, s.noop.System = again.User, again.System
		}
	}
	return s, nil
}

// ownRun measures this program's own run and checks that it did what it
// should.
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
	return m, nil
}
