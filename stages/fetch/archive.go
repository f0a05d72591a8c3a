package fetch

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// contents are the verified contents of files, by their names.
type contents map[string][]byte

// stored is what lies under one name on the mirrors and among the downloads: a
// compressed file, or an archive of several.
type stored struct {
	name  string
	limit int64 // bytes
	read  func(context.Context, *io.SectionReader) (contents, error)
}

// stored is the file as NAME.gz.
func (f File) stored() stored {
	return stored{f.Name + ".gz", f.transferLimit(), func(_ context.Context, r *io.SectionReader) (contents, error) {
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, bare(err)
		}
		content, err := f.open(b)
		return contents{f.Name: content}, err
	}}
}

// stored is the archive with the files. Its published digest is checked before
// anything is taken out of it.
func (a Archive) stored(files []File) stored {
	return stored{a.Name, a.Size, func(ctx context.Context, r *io.SectionReader) (contents, error) {
		sum := md5.New()
		if n, err := io.Copy(sum, patient{ctx, r}); err != nil {
			return nil, bare(err)
		} else if have := hex.EncodeToString(sum.Sum(nil)); have != a.MD5 {
			return nil, fmt.Errorf("it (%d bytes) has MD5 %s, want %s", n, have, a.MD5)
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return a.extract(ctx, r, files)
	}}
}

// open reads what is stored in an open file.
func (s stored) open(ctx context.Context, f *os.File) (contents, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if info.Size() > s.limit {
		return nil, fmt.Errorf("has more than %d bytes, which is too large", s.limit)
	}
	return s.read(ctx, io.NewSectionReader(f, 0, info.Size()))
}

// each returns the get of a source that loads what is stored: an archive once for
// all files, and if that fails, the source as a whole is out of reach.
func (d Dataset) each(load func(context.Context, stored) (contents, error)) func(context.Context, File) ([]byte, error) {
	if d.Archive == nil {
		return func(ctx context.Context, file File) ([]byte, error) {
			got, err := load(ctx, file.stored())
			return got[file.Name], err
		}
	}
	var got contents
	var failure error
	return func(ctx context.Context, file File) ([]byte, error) {
		if got == nil && failure == nil {
			var err error
			if got, err = load(ctx, d.Archive.stored(d.Files)); err != nil {
				failure = &unreachable{error: fmt.Errorf("%s: %w", d.Archive.Name, err)}
			}
		}
		return got[file.Name], failure
	}
}

// maxEntries bounds the entries of an archive that are looked at.
const maxEntries = 1000

// extract takes the files out of a .tar.gz. Nothing is written to the disk, and
// memory is used for the files alone. An entry that leads out of the archive, or
// is neither a file nor a folder, is an error, whatever its name.
func (a Archive) extract(ctx context.Context, r io.Reader, files []File) (contents, error) {
	zr, err := gzip.NewReader(patient{ctx, r})
	if err != nil {
		return nil, fmt.Errorf("gzip header: %w", err)
	}
	tr := tar.NewReader(&bounded{zr, a.Unpacked})
	got := contents{}
	for range maxEntries {
		if len(got) == len(files) {
			return got, nil
		}
		entry, err := tr.Next()
		if errors.Is(err, io.EOF) {
			var missing []string
			for _, f := range files {
				if got[f.Name] == nil {
					missing = append(missing, a.Folder+"/"+f.Name)
				}
			}
			return nil, fmt.Errorf("it lacks %q", missing)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
		switch {
		case !filepath.IsLocal(entry.Name):
			return nil, fmt.Errorf("entry %.100q leads out of the archive", entry.Name)
		case entry.Typeflag != tar.TypeReg && entry.Typeflag != tar.TypeDir:
			return nil, fmt.Errorf("entry %.100q is a link or another special file (type %q), want files and folders", entry.Name, entry.Typeflag)
		case entry.Typeflag == tar.TypeDir:
			continue
		}
		i := slices.IndexFunc(files, func(f File) bool { return path.Clean(entry.Name) == a.Folder+"/"+f.Name })
		if i < 0 {
			continue
		}
		f := files[i]
		if got[f.Name] != nil {
			return nil, fmt.Errorf("entry %q is there twice", entry.Name)
		}
		if entry.Size != f.Size {
			return nil, fmt.Errorf("entry %q has %d bytes, want %d", entry.Name, entry.Size, f.Size)
		}
		content := make([]byte, f.Size)
		if n, err := io.ReadFull(tr, content); err != nil {
			return nil, fmt.Errorf("entry %q, after %d bytes: %w", entry.Name, n, err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("entry %q has SHA-256 %x, want %s", entry.Name, sum, f.SHA256)
		}
		got[f.Name] = content
	}
	return nil, fmt.Errorf("it has more than %d entries", maxEntries)
}

// bounded reads at most left bytes, and then fails.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errors.New("it decompresses to more bytes than it should have")
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// patient reads until the context is cancelled.
type patient struct {
	ctx  context.Context
	from io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := context.Cause(p.ctx); err != nil {
		return 0, err
	}
	return p.from.Read(b)
}
