//go:build unix

package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// nodes makes one of each kind of thing that is not a regular file.
func nodes(t *testing.T) map[string]string {
	t.Helper()
	dir, err := os.MkdirTemp("", "node") // short: the name of a socket is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := map[string]string{
		"a named pipe": filepath.Join(dir, "pipe"), "a socket": filepath.Join(dir, "socket"), "a folder": filepath.Join(dir, "folder"),
	}
	if err := syscall.Mkfifo(n["a named pipe"], 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", n["a socket"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Mkdir(n["a folder"], 0o777); err != nil {
		t.Fatal(err)
	}
	return n
}

func mode(t *testing.T, name string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Type()
}

func TestReadRefusesWhatIsNotAFile(t *testing.T) {
	for what, name := range nodes(t) {
		_, err := files.Read(t.Context(), name, 1<<20)
		var wrong *files.Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v, want that it is %s", name, err, what)
		}
	}
	if _, err := files.Read(t.Context(), os.DevNull, 1<<20); err == nil || !strings.Contains(err.Error(), "device") {
		t.Errorf("a device: error %v", err)
	}
}

func TestReadHasALimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	want := bytes.Repeat([]byte("x"), 1000)
	if err := os.WriteFile(name, want, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := files.Read(t.Context(), name, 1000); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
	var wrong *files.Error
	if _, err := files.Read(t.Context(), name, 999); !errors.As(err, &wrong) {
		t.Errorf("error %v, want that it is too large", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := files.Read(ctx, name, 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	// The kernel writes these as they are read, and says that their size is 0.
	if got, err := files.Read(t.Context(), "/proc/self/status", 1<<20); errors.Is(err, fs.ErrNotExist) {
		t.Log("no /proc here")
	} else if err != nil || len(got) == 0 {
		t.Errorf("/proc/self/status: %d bytes, error %v", len(got), err)
	}
}

func TestReplaceKeepsNodes(t *testing.T) {
	all := nodes(t)
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	for what, name := range all {
		before := mode(t, name)
		var wrong *files.Error
		if err := files.Replace(name, []byte("new")); !errors.As(err, &wrong) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
		if now := mode(t, name); now != before {
			t.Errorf("%s became %v", what, now)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(victim, link); err != nil {
		t.Fatal(err)
	}
	if err := files.Replace(link, []byte("new")); err != nil || mode(t, link) != 0 {
		t.Errorf("a link became %v, error %v", mode(t, link), err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("the target of the link is %q, %v", text, err)
	}
	for range 2 {
		if err := files.Replace(filepath.Join(dir, "a/b/f"), []byte("new")); err != nil {
			t.Error(err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "a/b/f")); string(text) != "new" {
		t.Errorf("the file has %q", text)
	}
}

func TestWriteGoesThrough(t *testing.T) {
	all := nodes(t)
	var wrong *files.Error
	for _, what := range []string{"a socket", "a folder"} {
		if err := files.Write(t.Context(), all[what], []byte("new")); !errors.As(err, &wrong) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	pipe := all["a named pipe"]
	if err := files.Write(t.Context(), pipe, []byte("new")); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "nobody reads") {
		t.Errorf("a pipe without a reader: error %v", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	content := bytes.Repeat([]byte("new"), 100_000) // more than a pipe holds
	written := make(chan error, 1)
	go func() { written <- files.Write(t.Context(), pipe, content) }()
	got := make([]byte, len(content))
	_, err = io.ReadFull(wait{reader}, got)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d of %d bytes came through, error %v", len(got), len(content), err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if mode(t, pipe) != fs.ModeNamedPipe {
		t.Errorf("the pipe became %v", mode(t, pipe))
	}

	// A reader that does not read holds nobody up who was interrupted.
	ctx, cancel := context.WithCancel(t.Context())
	go func() { written <- files.Write(ctx, pipe, content) }()
	if _, err := io.ReadFull(wait{reader}, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: error %v", err)
	}

	dir := t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := files.Write(t.Context(), link, []byte("new")); !errors.As(err, &wrong) {
		t.Errorf("a link to nothing: error %v", err)
	}
	if err := os.WriteFile(target, []byte("longer than new"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := files.Write(t.Context(), link, []byte("new")); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(target); string(text) != "new" || mode(t, link) != fs.ModeSymlink {
		t.Errorf("the target has %q, the link became %v", text, mode(t, link))
	}
}

// wait reads from a pipe that may not have a writer yet.
type wait struct{ io.Reader }

func (w wait) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// TestReadHead: the beginning and the size of a file, however short it is.
func TestReadHead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for content, want := range map[string]string{"": "", "abc": "abc", "abcdefgh": "abcd"} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		head, size, err := files.ReadHead(name, 4)
		if err != nil || string(head) != want || size != int64(len(content)) {
			t.Errorf("%q: %q, %d, %v", content, head, size, err)
		}
	}
	if _, _, err := files.ReadHead(nodes(t)["a named pipe"], 4); err == nil {
		t.Error("a named pipe was read")
	}
}

// TestReadStream reads pipes once, up to the limit, and stops waiting for a
// writer when it is told to.
func TestReadStream(t *testing.T) {
	pipe := nodes(t)["a named pipe"]
	for content, want := range map[string]string{"a = 1\n": "", strings.Repeat("x", 100): "more than 10 bytes"} {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			if f, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
				_, _ = io.WriteString(f, content)
				f.Close()
			}
		}()
		got, err := files.ReadStream(t.Context(), pipe, 10)
		<-closed // or the next reader gets what is left in the pipe
		if want == "" && (err != nil || string(got) != content) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %q, %v, want error %q", content, got, err, want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	time.AfterFunc(10*time.Millisecond, func() { cancel(stop) })
	if _, err := files.ReadStream(ctx, pipe, 10); !errors.Is(err, stop) {
		t.Errorf("without a writer: error %v, want %v", err, stop)
	}
	f, err := os.OpenFile(pipe, os.O_RDWR, 0) // a writer that writes nothing
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel = context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(stop) })
	if _, err := files.ReadStream(ctx, pipe, 10); !errors.Is(err, stop) {
		t.Errorf("with a silent writer: error %v, want %v", err, stop)
	}
	if _, err := files.ReadStream(t.Context(), os.DevNull, 10); err == nil || !strings.Contains(err.Error(), "device") {
		t.Errorf("a device: error %v", err)
	}
}
