package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// layoutProgram is the helper that draws graphs; see its package comment
// for why it is a separate program.
const layoutProgram = "landscape-pipe-dag"

const installHint = "go install github.com/landscape-pipe/landscape-pipe/cmd/...; or write .dot, .mmd or .txt with -o, which do not need it"

// layouter runs the helper.
type layouter struct{ program string }

// findLayouter looks for the helper beside this program, then on PATH.
func findLayouter() (*layouter, error) {
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		beside := filepath.Join(filepath.Dir(self), layoutProgram)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return &layouter{beside}, nil
		}
	}
	program, err := exec.LookPath(layoutProgram)
	if err != nil {
		return nil, advised(fmt.Errorf("drawing the graph: the program %s is neither beside this one nor on PATH", layoutProgram), installHint)
	}
	return &layouter{program}, nil
}

// draw draws a graph in the DOT language as svg, png or pdf. The helper gets a
// folder for what it compiles that nobody else can reach, since its content is run
// as code; if it fails, it gets an empty one and a second chance.
func (l *layouter) draw(ctx context.Context, format string, dot []byte) ([]byte, error) {
	dir, err := compiledFolder()
	if err != nil {
		dir, err = os.MkdirTemp("", layoutProgram+"-") // mode 0700
		if err != nil {
			return nil, fmt.Errorf("drawing the graph: no temporary folder: %w", err)
		}
		defer os.RemoveAll(dir)
	}
	picture, err := l.try(ctx, dir, format, dot)
	if err != nil && ctx.Err() == nil && !errors.Is(err, fs.ErrPermission) {
		if err := empty(dir); err != nil {
			return nil, fmt.Errorf("drawing the graph: %w", err)
		}
		picture, err = l.try(ctx, dir, format, dot)
	}
	if err != nil {
		return nil, fmt.Errorf("drawing the graph: %w", err)
	}
	return picture, nil
}

// compiledFolder returns the folder in which the helper keeps its compiled layout
// engine from one drawing to the next, below the user's folder for caches. It is an
// error if anyone else could have written there.
func compiledFolder() (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(caches, layoutProgram)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	for _, d := range []string{caches, dir} {
		info, err := os.Lstat(d)
		if err != nil {
			return "", err
		}
		if !info.IsDir() || !onlyOurs(info) {
			return "", fmt.Errorf("%s is not a folder of this user alone", d)
		}
	}
	return dir, nil
}

func (l *layouter) try(ctx context.Context, dir, format string, dot []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, l.program, format)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir)
	cmd.Stdin = bytes.NewReader(dot)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		if said == "" {
			return nil, fmt.Errorf("%s: %w", l.program, err)
		}
		return nil, fmt.Errorf("%s: %w: %s", l.program, err, strings.TrimPrefix(said, layoutProgram+": "))
	}
	if !bytes.Contains(stdout.Bytes(), pictureMark[format]) {
		return nil, fmt.Errorf("%s wrote no drawing", l.program)
	}
	return stdout.Bytes(), nil
}

// pictureMark is what a whole picture of a format holds.
var pictureMark = map[string][]byte{"svg": []byte("</svg>"), "png": []byte("IEND"), "pdf": []byte("%%EOF")}

// empty removes what lies in a folder.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
