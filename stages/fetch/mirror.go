package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// mirror is a folder on a web server.
//
// A download goes into a .part file with which the next attempt continues, also
// that of a later process. Two processes at once may share it without a lock:
// each writes at offsets of its own, from the same address and so the same
// bytes; should they differ after all, the digest says so, and the download
// starts again from nothing.
type mirror struct {
	base string // ends in a slash
	dir  string // of the downloads
	get  downloader
}

func (m *mirror) String() string { return m.base }

func (m *mirror) fetch(ctx context.Context, file File) ([]byte, error) {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return nil, &unreachableError{fmt.Errorf("folder for downloads: %w", err)}
	}
	address := m.base + file.Name + ".gz"
	part := filepath.Join(m.dir, fmt.Sprintf("%s-%.4x.part", file.Name, sha256.Sum256([]byte(address))))
	content, resumed, err := m.once(ctx, address, part, file)
	if resumed && errors.As(err, new(*contentError)) {
		// What earlier attempts left does not fit what is there now.
		content, _, err = m.once(ctx, address, part, file)
	}
	return content, err
}

// contentError marks bytes that came whole but are not the file.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }
func (e *contentError) Unwrap() error { return e.err }

// once downloads and verifies. It keeps what is right, leaves an incomplete
// part for later, and removes a part whose content is wrong.
func (m *mirror) once(ctx context.Context, address, part string, file File) (content []byte, resumed bool, err error) {
	f, err := files.Update(part)
	if err != nil {
		return nil, false, &unreachableError{fmt.Errorf("file for the download: %w", err)}
	}
	defer f.Close()
	resumed = size(f) > 0
	if err := m.get.download(ctx, address, f, file.transferLimit()); err != nil {
		if size(f) == 0 {
			os.Remove(part)
		}
		return nil, resumed, err
	}
	if content, err = openStored(f, file); err != nil {
		os.Remove(part)
		return nil, resumed, &contentError{err}
	}
	// Keeping it is a convenience: a failure costs a later download at most.
	// What is no regular file stays where it is.
	to := kept{m.dir}.path(file)
	info, err := os.Lstat(to)
	if err == nil && !info.Mode().IsRegular() || os.Rename(part, to) != nil {
		os.Remove(part)
	}
	return content, resumed, nil
}
