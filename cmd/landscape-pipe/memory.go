package main

import (
	"context"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

// runPlan runs a plan within the memory of this machine. Stages hold large
// arrays: while they run, garbage is collected once it is half of what lives.
func runPlan(ctx context.Context, plan *pipeline.Plan, o pipeline.RunOptions) (*pipeline.Summary, error) {
	if needed, cached := plan.Count(); cached < needed || o.Compare != nil {
		defer debug.SetGCPercent(debug.SetGCPercent(50))
	}
	o.MemoryLimit = memoryLimit(os.ReadFile)
	return plan.Run(ctx, o)
}

// memoryLimit returns how many bytes the running stages may need together:
// four fifths of what the cgroup allows, or of the machine's memory, whichever
// is less; 0 where neither is known. read is [os.ReadFile].
func memoryLimit(read func(string) ([]byte, error)) int64 {
	limit := int64(0)
	take := func(bytes int64) {
		if bytes > 0 && (limit == 0 || bytes < limit) {
			limit = bytes
		}
	}
	if text, err := read("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
				kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				if err == nil {
					take(kib << 10)
				}
			}
		}
	}
	for _, file := range cgroupFiles(read) {
		if text, err := read(file); err == nil {
			if bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				take(bytes)
			}
		}
	}
	return limit / 5 * 4
}

// cgroupFiles returns where limits of this process may stand: in its own
// group and each one above, version 2 and version 1.
func cgroupFiles(read func(string) ([]byte, error)) []string {
	const root = "/sys/fs/cgroup"
	files := []string{root + "/memory.max", root + "/memory/memory.limit_in_bytes"}
	text, err := read("/proc/self/cgroup")
	if err != nil {
		return files
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(parts) != 3 {
			continue
		}
		for dir := path.Clean("/" + parts[2]); dir != "/"; dir = path.Dir(dir) {
			switch {
			case parts[1] == "":
				files = append(files, root+dir+"/memory.max")
			case strings.Contains(parts[1], "memory"):
				files = append(files, root+"/memory"+dir+"/memory.limit_in_bytes")
			}
		}
	}
	return files
}
