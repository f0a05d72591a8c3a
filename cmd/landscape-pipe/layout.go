package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// draw draws a graph in the DOT language as svg, png or pdf.
func (l *layouter) draw(ctx context.Context, format string, dot []byte) ([]byte, error) {
	d := l.start(ctx, format)
	defer d.close()
	return d.draw(dot)
}

// drawing is a picture whose helper starts while the graph is planned, which takes
// about as long.
type drawing struct {
	program, format string
	ctx             context.Context
	stop            context.CancelFunc
	dir             string // what the helper compiles
	temporary       bool   // dir is removed at the end
	first           *attempt
	err             error // why no helper runs
}

// startDrawing finds and starts the helper. What fails is reported when the drawing is
// made. The caller closes it.
func startDrawing(ctx context.Context, format string) *drawing {
	l, err := findLayouter()
	if err != nil {
		return &drawing{stop: func() {}, err: err}
	}
	return l.start(ctx, format)
}

// start starts the helper, which then waits for a graph. The caller closes the
// drawing. The helper gets a folder for what it compiles that nobody else can
// reach, since its content is run as code.
func (l *layouter) start(ctx context.Context, format string) *drawing {
	d := &drawing{program: l.program, format: format}
	d.ctx, d.stop = context.WithCancel(ctx)
	d.dir, d.err = compiledFolder()
	if d.err != nil {
		d.temporary = true
		d.dir, d.err = os.MkdirTemp("", layoutProgram+"-") // mode 0700
	}
	if d.err != nil {
		d.err = fmt.Errorf("drawing the graph: no temporary folder: %w", d.err)
	} else if d.first, d.err = d.try(); d.err != nil {
		d.err = fmt.Errorf("drawing the graph: %w", d.err)
	}
	return d
}

// draw gives the helper the graph and returns the picture. If the helper fails, it
// gets an empty folder and a second chance.
func (d *drawing) draw(dot []byte) ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	picture, err := d.first.finish(dot, d.format)
	if err != nil && d.ctx.Err() == nil {
		var second *attempt
		if err = empty(d.dir); err == nil {
			second, err = d.try()
		}
		if err == nil {
			picture, err = second.finish(dot, d.format)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("drawing the graph: %w", err)
	}
	return picture, nil
}

// close ends a helper that got no graph, and removes a temporary folder.
func (d *drawing) close() {
	d.stop()
	if d.first != nil && d.first.cmd.ProcessState == nil {
		d.first.cmd.Wait()
	}
	if d.temporary && d.dir != "" {
		os.RemoveAll(d.dir)
	}
}

// attempt is one process of the helper.
type attempt struct {
	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr bytes.Buffer
}

// try starts the helper.
func (d *drawing) try() (*attempt, error) {
	a := &attempt{cmd: exec.CommandContext(d.ctx, d.program, d.format)}
	a.cmd.Env = append(os.Environ(), "TMPDIR="+d.dir, "TMP="+d.dir, "TEMP="+d.dir)
	a.cmd.Stdout, a.cmd.Stderr = &a.stdout, &a.stderr
	a.cmd.WaitDelay = 2 * time.Second
	var err error
	if a.stdin, err = a.cmd.StdinPipe(); err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.program, err)
	}
	return a, nil
}

// finish gives the helper its graph and waits for the picture.
func (a *attempt) finish(dot []byte, format string) ([]byte, error) {
	a.stdin.Write(dot) // a helper that has ended says why by its exit code
	a.stdin.Close()
	if err := a.cmd.Wait(); err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(a.stderr.String()), "\n")
		if said == "" {
			return nil, fmt.Errorf("%s: %w", a.cmd.Path, err)
		}
		return nil, fmt.Errorf("%s: %w: %s", a.cmd.Path, err, strings.TrimPrefix(said, layoutProgram+": "))
	}
	if !bytes.Contains(a.stdout.Bytes(), pictureMark[format]) {
		return nil, fmt.Errorf("%s wrote no drawing", a.cmd.Path)
	}
	return a.stdout.Bytes(), nil
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
