// Package files reads and writes files that a person named, whatever lies
// under the name. A named pipe, socket or device in place of a file must not
// hold a program up, fill its memory, or be destroyed by what is written.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Error says that a name stands for something that cannot be used as a file.
type Error struct {
	Name string
	Text string // "is a named pipe, not a file"
}

func (e *Error) Error() string { return e.Name + " " + e.Text }

// kind names what a mode stands for.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "a special file"
}

func notRegular(name string, mode fs.FileMode) error {
	return &Error{name, "is " + kind(mode) + ", not a file"}
}

// Open opens a regular file for reading; links are followed. Anything else is
// an [*Error]. It never waits for another process to open a pipe.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		var e *fs.PathError
		if errors.As(err, &e) {
			e.Op = "open"
		}
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name, info.Mode()) // opening a device may already have an effect
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = notRegular(name, info.Mode()) // it was replaced between the two calls
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Update opens a regular file for reading and writing and makes it if there is
// none. A link is not followed; anything but a regular file is an [*Error].
func Update(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	link, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !link.Mode().IsRegular() {
		return nil, notRegular(name, link.Mode())
	}
	if f, err = os.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0); err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !os.SameFile(info, link) {
		f.Close()
		return nil, &Error{name, "was replaced while it was opened"}
	}
	return f, nil
}

// ReadHead returns the first bytes of a regular file, at most n, and the size of
// the file.
func ReadHead(name string, n int) (head []byte, size int64, err error) {
	f, err := Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	head = make([]byte, n)
	n, err = io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, 0, err
	}
	return head[:n], info.Size(), nil
}

// Read returns the content of a regular file of at most limit bytes. It ends
// with the context's error when ctx is cancelled.
func Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLarge(name, limit)
	}
	const step = 4 << 20
	content := make([]byte, 0, info.Size()+1) // one more, to meet the end
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
		n, err := f.Read(content[len(content):min(cap(content), len(content)+step)])
		content = content[:len(content)+n]
		switch {
		case int64(len(content)) > limit:
			return nil, tooLarge(name, limit)
		case errors.Is(err, io.EOF):
			return content, nil
		case err != nil:
			return nil, err
		}
	}
}

// ReadStream is [Read] for a name that may also stand for a pipe, such as
// /dev/stdin or a shell's <(…). It waits for the pipe's writer and reads to
// its end; cancelling ctx ends the wait.
func ReadStream(ctx context.Context, name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return Read(ctx, name, limit)
	}
	type result struct {
		content []byte
		err     error
	}
	done := make(chan result, 1)
	go func() { // the call that opens a pipe waits for a writer and cannot be interrupted
		f, err := os.Open(name)
		if err != nil {
			done <- result{nil, err}
			return
		}
		content, err := io.ReadAll(io.LimitReader(f, limit+1))
		if int64(len(content)) > limit {
			err = tooLarge(name, limit)
		}
		f.Close() // before the caller goes on: an open pipe keeps what was not read for its next reader
		done <- result{content, err}
	}()
	select {
	case r := <-done:
		return r.content, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func tooLarge(name string, limit int64) error {
	return &Error{name, fmt.Sprintf("has more than %d bytes, which is too large", limit)}
}

// Replace writes a file so that it has either its old content or the whole new
// one. Folders are made as needed. A link is replaced, not followed. A pipe,
// socket, device or folder is an [*Error] and stays as it is.
func Replace(name string, content []byte) error {
	switch info, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return &Error{name, "is " + kind(info.Mode()) + " and will not be replaced by a file"}
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Write is [Replace] for the place that a person named for an output. A pipe
// that somebody reads, a character device such as a terminal, and a link to
// one of these or to a file are written through and stay what they are.
// Folders, sockets, block devices and links to nothing are an [*Error]. When
// ctx is cancelled, it stops waiting for the reader of a pipe.
func Write(ctx context.Context, name string, content []byte) error {
	link, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && link.Mode().IsRegular() {
		return Replace(name, content)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return &Error{name, "is a symbolic link to nothing"}
	}
	refused := &Error{name, "is " + kind(info.Mode()) + ": nothing can be written there"}
	if !writable(info.Mode()) {
		return refused
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return &Error{name, "is a named pipe that nobody reads"}
	}
	if err != nil {
		return err
	}
	if info, err = f.Stat(); err == nil && !writable(info.Mode()) {
		err = refused // it was replaced between the two calls
	}
	if err == nil {
		stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Now()) })
		_, err = f.Write(content)
		if stop(); errors.Is(err, os.ErrDeadlineExceeded) {
			err = context.Cause(ctx)
		}
	}
	return errors.Join(err, f.Close())
}

// writable reports whether what has the mode can be written through.
func writable(mode fs.FileMode) bool {
	return mode.IsRegular() || mode&fs.ModeNamedPipe != 0 || mode&fs.ModeCharDevice != 0
}
