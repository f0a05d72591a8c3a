package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// folder is a local folder of the user's. The files may lie at its top or in
// one of the given folders below, plain or compressed, under the names that
// the usual tools give them.
func folder(dir string, below []string) source {
	return source{"local folder " + dir, func(ctx context.Context, file File) ([]byte, error) {
		if info, err := os.Stat(dir); err != nil {
			return nil, &unreachable{error: bare(err)}
		} else if !info.IsDir() {
			return nil, &unreachable{error: errors.New("is not a folder")}
		}
		dotted := strings.Replace(file.Name, "-idx", ".idx", 1)
		var wrong []string
		for _, b := range append(below[:len(below):len(below)], ".") {
			for _, name := range []string{file.Name + ".gz", file.Name, dotted + ".gz", dotted} {
				path := filepath.Join(dir, filepath.FromSlash(b), name)
				content, err := openFile(ctx, path, file)
				if err == nil {
					return content, nil
				}
				if !errors.Is(err, fs.ErrNotExist) {
					wrong = append(wrong, fmt.Sprintf("%s: %v", path, err))
				}
			}
		}
		if len(wrong) == 0 {
			return nil, fmt.Errorf("not there, plain or as .gz, at its top or in %s", strings.Join(below, ", "))
		}
		return nil, errors.New(strings.Join(wrong, "; "))
	}}
}

// kept is the folder of complete downloads of a data set. What is damaged
// there is removed, to be downloaded again.
func kept(dir string) source {
	return source{"earlier downloads in " + dir, func(ctx context.Context, file File) ([]byte, error) {
		path := keptPath(dir, file)
		content, err := openFile(ctx, path, file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("not there")
		}
		if err != nil && ctx.Err() == nil && isRegular(path) && os.Remove(path) == nil {
			err = fmt.Errorf("%w; removed", err)
		}
		return content, err
	}}
}

// keptPath is where a complete download of the file lies.
func keptPath(dir string, file File) string { return filepath.Join(dir, file.Name+".gz") }

func isRegular(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

// String returns path@version.
func (m Module) String() string { return m.Path + "@" + m.Version }

// goModule gets files out of a Go module with the user's own go command, which
// knows the user's module proxy and module cache.
func goModule(m Module, offline bool) source {
	var dir string
	var err error
	var once sync.Once
	return source{"Go module " + m.String(), func(ctx context.Context, file File) ([]byte, error) {
		if once.Do(func() { dir, err = goModDownload(ctx, m, offline) }); err != nil {
			return nil, &unreachable{error: err}
		}
		path := filepath.Join(dir, filepath.FromSlash(m.Dir), file.Name+".gz")
		content, err := openFile(ctx, path, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return content, nil
	}}
}

// maxGoTime bounds the go command, whose progress is unknown.
const maxGoTime = 10 * time.Minute

// goModDownload runs go mod download in an empty folder, so that no go.mod of
// the user's takes part, and returns where the unpacked module is.
func goModDownload(ctx context.Context, m Module, offline bool) (string, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("no go command: %w", err)
	}
	empty, err := os.MkdirTemp("", "landscape-pipe-go-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(empty)
	ctx, cancel := context.WithTimeoutCause(ctx, maxGoTime, fmt.Errorf("the go command took longer than %v", maxGoTime))
	defer cancel()
	cmd := exec.CommandContext(ctx, command, "mod", "download", "-json", m.String())
	cmd.Dir = empty
	cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off")
	if offline {
		// The checksum database would need the network; our digest decides.
		cmd.Env = append(cmd.Env, "GOPROXY=off", "GOSUMDB=off")
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	var place struct{ Dir, Error string }
	jsonErr := json.Unmarshal(stdout.Bytes(), &place)
	switch {
	case jsonErr == nil && place.Error != "":
		return "", fmt.Errorf("%s mod download: %s", command, place.Error)
	case runErr != nil:
		return "", fmt.Errorf("%s mod download: %w: %s", command, runErr, lastLines(stderr.String()))
	case jsonErr != nil:
		return "", fmt.Errorf("%s mod download -json: its output is not understood: %w", command, jsonErr)
	case place.Dir == "":
		return "", fmt.Errorf("%s mod download -json: it names no folder", command)
	}
	return place.Dir, nil
}

// lastLines returns the end of a program's messages, on one line.
func lastLines(s string) string {
	const most = 400
	if s = strings.TrimSpace(s); len(s) > most {
		s = "…" + strings.ToValidUTF8(s[len(s)-most:], "")
	}
	return strings.ReplaceAll(s, "\n", "; ")
}

// openFile reads a regular file and returns its verified content.
func openFile(ctx context.Context, path string, file File) ([]byte, error) {
	stored, err := files.Read(ctx, path, file.transferLimit())
	if err != nil {
		return nil, bare(err)
	}
	return file.open(stored)
}

// bare removes the path from an error where the path is named beside it anyway.
func bare(err error) error {
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	if special := new(files.Error); errors.As(err, &special) {
		return errors.New(special.Text)
	}
	return err
}
