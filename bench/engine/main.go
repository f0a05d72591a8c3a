// Command engine measures the engine and its store alone, on a synthetic
// graph: how long a run takes if there is nothing to do, what a stage costs
// that does next to nothing, and how much memory that takes.
//
//	engine run -actions N -width W -store DIR [-process] [-contents C] [-bytes B] [-cpuprofile FILE]
//	engine syncs -actions N -store DIR [-bytes B] [-files]
//	engine measure COMMAND [ARGUMENT…]
//	engine scale [-sizes 10000,100000,1000000] [-bytes B] [-dir DIR]
//
// The first run on a store is the cold one, the second the no-op. As a
// yardstick, syncs only appends and syncs the bytes that a cold run would write.
// measure runs any command and prints its wall-clock seconds and its peak
// memory, so that other tools are measured in the same way. scale does all of
// this for several sizes and prints a table; its last line is the cost per
// stage at the last size, divided by that at the first. The other commands
// print one line of JSON on stdout.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func main() {
	debug.SetGCPercent(400) // a command ends soon: collecting less often is worth the memory
	if err := dispatch(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func dispatch(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("want run, syncs, measure or scale")
	}
	switch args[0] {
	case "run":
		return runCommand(args[1:], stdout)
	case "syncs":
		return syncsCommand(args[1:], stdout)
	case "measure":
		m, err := measure(args[1:]...)
		if err != nil {
			return err
		}
		return json.NewEncoder(stdout).Encode(m)
	case "scale":
		return scaleCommand(args[1:], stdout)
	}
	return fmt.Errorf("unknown command %q: want run, syncs, measure or scale", args[0])
}

// outcome is what one run reports.
type outcome struct {
	Actions int     `json:"actions"`
	Ran     int     `json:"ran"`
	Cached  int     `json:"cached"`
	Seconds float64 `json:"seconds"` // from the first line of main to the last
	Build   float64 `json:"build"`   // of this, building the graph
	Plan    float64 `json:"plan"`    // of this, opening the store and planning
	Peak    int64   `json:"peak"`    // resident memory, bytes
}

func runCommand(args []string, stdout io.Writer) error {
	began := time.Now()
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	var s shape
	flags.IntVar(&s.actions, "actions", 10_000, "number of stages")
	flags.IntVar(&s.width, "width", 100, "stages in a layer; each reads two of the layer before")
	flags.IntVar(&s.bytes, "bytes", 8, "size of an output, in bytes")
	flags.IntVar(&s.contents, "contents", 0, "number of different outputs, 0 for one per stage")
	flags.BoolVar(&s.process, "process", false, "each stage starts a shell")
	dir := flags.String("store", "", "folder of the store")
	profile := flags.String("cpuprofile", "", "write a profile of the processor time to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("run needs -store")
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	g, err := s.graph()
	if err != nil {
		return err
	}
	built := time.Now()
	st, err := cas.Open(*dir)
	if err != nil {
		return err
	}
	plan, err := pipeline.NewPlan(g, st, pipeline.Options{})
	if err != nil {
		return err
	}
	planned := time.Now()
	sum, err := plan.Run(context.Background(), pipeline.RunOptions{})
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(outcome{
		Actions: s.actions, Ran: sum.Ran, Cached: sum.Cached,
		Seconds: time.Since(began).Seconds(),
		Build:   built.Sub(began).Seconds(),
		Plan:    planned.Sub(built).Seconds(),
		Peak:    peakMemory(),
	})
}

// peakMemory returns the peak of this program's resident memory in bytes, 0
// if it is not known. Unlike getrusage it leaves out what the process was
// before it executed this program.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}
