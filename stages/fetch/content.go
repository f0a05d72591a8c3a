package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/cifar"
	"github.com/landscape-pipe/landscape-pipe/internal/idx"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// check reports params that no content can have.
func (p Params) check() error {
	for _, digest := range p.SHA256 {
		b, err := hex.DecodeString(digest)
		if err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != digest {
			return fmt.Errorf("data set %s: SHA-256 %q is not 64 lower-case hexadecimal digits", p.Dataset, digest)
		}
	}
	if p.Objects < 1 {
		return fmt.Errorf("data set %s: %d objects wanted, at least one is needed", p.Dataset, p.Objects)
	}
	return nil
}

// transferLimit bounds the bytes that are accepted for the file as stored or
// sent, compressed or not: gzip may add a little to what it cannot compress.
func (f File) transferLimit() int64 { return f.Size + f.Size/256 + 1<<10 }

// open returns the content of the file from its bytes as stored, which may be
// compressed with gzip. The SHA-256 of the content decides whether it is right.
func (f File) open(stored []byte) ([]byte, error) {
	content := stored
	if bytes.HasPrefix(stored, []byte{0x1f, 0x8b}) {
		var err error
		if content, err = gunzip(stored, f.Size); err != nil {
			return nil, err
		}
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("its content (%d bytes) has SHA-256 %x, want %s", len(content), sum, f.SHA256)
	}
	return content, nil
}

// gunzip decompresses at most limit bytes.
func gunzip(b []byte, limit int64) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("gzip header: %w", err)
	}
	// Room for the whole content, and for the read that finds the end.
	out := bytes.NewBuffer(make([]byte, 0, limit+bytes.MinRead))
	n, err := io.Copy(out, io.LimitReader(zr, limit+1))
	if err != nil {
		return nil, fmt.Errorf("decompressing, after %d bytes: %w", n, err)
	}
	if n > limit {
		return nil, fmt.Errorf("decompresses to more than the %d bytes it should have", limit)
	}
	return out.Bytes(), nil
}

// outputs turns the files into the artifacts of the stage: the first objects,
// each as a row.
func outputs(p Params, d Dataset, got contents) (map[string][]byte, error) {
	if d.LabelBytes > 0 {
		batches := make([][]byte, len(d.Files))
		for i, file := range d.Files {
			batches[i] = got[file.Name]
		}
		images, labels, err := cifar.Decode(slices.Concat(batches...), d.LabelBytes, p.Objects)
		if err != nil {
			return nil, fmt.Errorf("data set %s: %w", p.Dataset, err)
		}
		return map[string][]byte{
			Images: npy.Encode([]int{p.Objects, cifar.Pixels}, images),
			Labels: npy.Encode([]int{p.Objects}, labels),
		}, nil
	}
	y, err := first(got[d.Files[0].Name], p.Objects)
	if err != nil {
		return nil, fmt.Errorf("data set %s: labels: %w", p.Dataset, err)
	}
	x, err := first(got[d.Files[1].Name], p.Objects)
	if err != nil {
		return nil, fmt.Errorf("data set %s: images: %w", p.Dataset, err)
	}
	if len(x.Dims) < 2 || len(y.Dims) != 1 {
		return nil, fmt.Errorf("data set %s: images have dimensions %v and labels %v, want objects × rows × columns and objects", p.Dataset, x.Dims, y.Dims)
	}
	return map[string][]byte{
		Images: npy.Encode([]int{p.Objects, x.ObjectSize()}, x.Data),
		Labels: npy.Encode([]int{p.Objects}, y.Data),
	}, nil
}

func first(file []byte, n int) (idx.Array, error) {
	a, err := idx.Decode(file)
	if err != nil {
		return idx.Array{}, err
	}
	return a.First(n)
}
