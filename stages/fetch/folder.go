package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// folder is a local folder of the user's. The files may lie at its top or in
// one of the given folders below, plain or compressed, under the names that
// the usual tools give them.
type folder struct {
	dir   string
	below []string
}

func (f folder) String() string { return "local folder " + f.dir }

func (f folder) fetch(ctx context.Context, file File) ([]byte, error) {
	if info, err := os.Stat(f.dir); err != nil {
		return nil, &unreachableError{bare(err)}
	} else if !info.IsDir() {
		return nil, &unreachableError{errors.New("is not a folder")}
	}
	dotted := strings.Replace(file.Name, "-idx", ".idx", 1)
	var wrong []string
	for _, below := range append(f.below[:len(f.below):len(f.below)], ".") {
		for _, name := range []string{file.Name + ".gz", file.Name, dotted + ".gz", dotted} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			path := filepath.Join(f.dir, filepath.FromSlash(below), name)
			content, err := openFile(path, file)
			if err == nil {
				return content, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, fmt.Sprintf("%s: %v", path, err))
			}
		}
	}
	if len(wrong) == 0 {
		return nil, fmt.Errorf("not there, plain or as .gz, at its top or in %s", strings.Join(f.below, ", "))
	}
	return nil, errors.New(strings.Join(wrong, "; "))
}

// kept is the folder of complete downloads of a data set. What is damaged
// there is removed, to be downloaded again.
type kept struct{ dir string }

func (k kept) String() string { return "earlier downloads in " + k.dir }

// path is where a complete download of the file lies.
func (k kept) path(file File) string { return filepath.Join(k.dir, file.Name+".gz") }

func (k kept) fetch(_ context.Context, file File) ([]byte, error) {
	content, err := openFile(k.path(file), file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("not there")
	}
	if info, lost := os.Lstat(k.path(file)); err != nil && lost == nil && info.Mode().IsRegular() {
		if removed := os.Remove(k.path(file)); removed == nil {
			err = fmt.Errorf("%w; removed", err)
		}
	}
	return content, err
}

// openFile reads a regular file and returns its verified content.
func openFile(path string, file File) ([]byte, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	return openStored(f, file)
}

// openStored reads what is stored in f from its beginning.
func openStored(f *os.File, file File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if limit := file.transferLimit(); info.Size() > limit {
		return nil, fmt.Errorf("has %d bytes, more than the %d that %s may have", info.Size(), limit, file.Name)
	}
	stored := make([]byte, info.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, info.Size()), stored); err != nil {
		return nil, bare(err)
	}
	return file.open(stored)
}

// bare takes the path off an error of package os where the path is named
// beside it anyway.
func bare(err error) error {
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	if special := new(files.Error); errors.As(err, &special) {
		return errors.New(special.Text)
	}
	return err
}
