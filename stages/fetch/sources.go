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

// folder is a local folder. The files may lie at its top or in one of the given
// folders below, plain or compressed, under the names that the usual tools give
// them, or in the archive.
func (d Dataset) folder(name, dir string, below []string) source {
	archive := d.each(func(ctx context.Context, s stored) (contents, error) {
		var wrong []string
		for _, place := range places(dir, below) {
			path := filepath.Join(place, s.name)
			got, err := d.openArchive(ctx, path)
			if err == nil {
				return got, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, fmt.Sprintf("%s: %v", path, err))
			}
		}
		if len(wrong) == 0 {
			return nil, fs.ErrNotExist
		}
		return nil, errors.New(strings.Join(wrong, "; "))
	})
	return source{name, func(ctx context.Context, file File) ([]byte, error) {
		if info, err := os.Stat(dir); err != nil {
			return nil, &unreachable{error: bare(err)}
		} else if !info.IsDir() {
			return nil, &unreachable{error: errors.New("is not a folder")}
		}
		var wrong []string
		for _, path := range file.paths(dir, below) {
			content, err := openFile(ctx, path, file)
			if err == nil {
				return content, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, fmt.Sprintf("%s: %v", path, err))
			}
		}
		if d.Archive != nil && ctx.Err() == nil {
			content, err := archive(ctx, file)
			if err == nil {
				return content, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, err.Error())
			}
		}
		if len(wrong) > 0 {
			return nil, errors.New(strings.Join(wrong, "; "))
		}
		text := "not there, plain or as .gz, at its top"
		if d.Archive != nil {
			text = "not there, plain, as .gz or in " + d.Archive.Name + ", at its top"
		}
		if len(below) > 0 {
			text += " or in " + strings.Join(below, ", ")
		}
		return nil, errors.New(text)
	}}
}

// places are the given folders below a local folder, and the folder itself.
func places(dir string, below []string) []string {
	var list []string
	for _, b := range below {
		list = append(list, filepath.Join(dir, filepath.FromSlash(b)))
	}
	return append(list, dir)
}

// paths are where the file may lie in a local folder or the given ones below.
func (f File) paths(dir string, below []string) []string {
	var paths []string
	for _, place := range places(dir, below) {
		for _, name := range append([]string{f.Name}, f.Also...) {
			path := filepath.Join(place, name)
			paths = append(paths, path+".gz", path)
		}
	}
	return paths
}

// Local returns the path of a file or archive that has the first objects of the
// data set: among earlier downloads, in the local folder, or in that of a package
// of the system; "" if there is none. It looks at names alone.
func (f *Fetcher) Local(d Dataset, objects int) string {
	needed := d.Needed(objects)
	file := needed[len(needed)-1]
	var paths []string
	for _, place := range []struct {
		dir   string
		below []string
	}{{f.CacheDir, []string{d.Name}}, {f.DataDir, d.Folders}, {d.Installed, nil}} {
		if place.dir == "" {
			continue
		}
		paths = append(paths, file.paths(place.dir, place.below)...)
		if d.Archive != nil {
			for _, folder := range places(place.dir, place.below) {
				paths = append(paths, filepath.Join(folder, d.Archive.Name))
			}
		}
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// kept is the folder of complete downloads of a data set. What is damaged
// there is removed, to be downloaded again.
func (d Dataset) kept(dir string) source {
	return source{"earlier downloads in " + dir, d.each(func(ctx context.Context, s stored) (contents, error) {
		path := filepath.Join(dir, s.name)
		got, err := openStored(ctx, path, s)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("not there")
		}
		if err != nil && ctx.Err() == nil && isRegular(path) && os.Remove(path) == nil {
			err = fmt.Errorf("%w; removed", err)
		}
		return got, err
	})}
}

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

// openStored reads what is stored in a regular file.
func openStored(ctx context.Context, path string, s stored) (contents, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	return s.open(ctx, f)
}

// openArchive takes the files out of an archive of the user's, which need not be
// the published one: the digests of the files decide.
func (d Dataset) openArchive(ctx context.Context, path string) (contents, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	return d.Archive.extract(ctx, f, d.Files)
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
