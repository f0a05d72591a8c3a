package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

type versionCmd struct {
	JSON bool `name:"json" help:"Write JSON."`
}

// Run implements the verb.
func (c *versionCmd) Run(ctx context.Context, a *app) error { return runVersion(ctx, a, c) }

// versionValue is what is known of this binary and this machine.
type versionValue struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed working tree
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	CPU      string `json:"cpu"` // the path that the kernels take; the bits are the same on each
	Cores    int    `json:"cores"`
}

func runVersion(_ context.Context, a *app, c *versionCmd) error {
	v := versionValue{
		Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPU: kernel.Path(), Cores: runtime.GOMAXPROCS(0),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if c.JSON {
		return a.json(v)
	}
	revision := v.Revision
	switch {
	case revision == "":
		revision = "unknown"
	case v.Modified:
		revision += " (modified)"
	}
	_, err := fmt.Fprintf(a.stdout, "landscape-pipe %s\nrevision  %s\ngo        %s %s/%s\ncpu       %s, %s\n",
		v.Version, revision, v.Go, v.OS, v.Arch, v.CPU, term.Count(v.Cores, "core"))
	return err
}
