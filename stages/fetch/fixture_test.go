package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The data set of the tests: objects of 2 × 3 pixels that compress badly, so
// that downloads have something to cut.
const objects = 2000

func images() []byte {
	b := []byte("\x00\x00\x08\x03\x00\x00\x07\xd0\x00\x00\x00\x02\x00\x00\x00\x03")
	state := uint32(1)
	for range objects * 6 {
		state = state*1664525 + 1013904223
		b = append(b, byte(state>>24))
	}
	return b
}

func labels() []byte {
	b := []byte("\x00\x00\x08\x01\x00\x00\x07\xd0")
	for i := range objects {
		b = append(b, byte(i%10))
	}
	return b
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// toy is the catalogue's entry for the data set of the tests.
func toy(mirrors ...string) Dataset {
	return Dataset{
		Name: "toy", Classes: 10, InputSize: 6, Objects: objects,
		Files: []File{
			{Name: "train-labels-idx1-ubyte", Also: []string{"train-labels.idx1-ubyte"}, SHA256: digest(labels()), Size: int64(len(labels())), Download: int64(len(gz(labels())))},
			{Name: "train-images-idx3-ubyte", Also: []string{"train-images.idx3-ubyte"}, SHA256: digest(images()), Size: int64(len(images())), Download: int64(len(gz(images())))},
		},
		Folders: []string{"toy", "Toy/raw"},
		Mirrors: mirrors,
	}
}

func toyParams() Params {
	return Params{Dataset: "toy", SHA256: []string{digest(labels()), digest(images())}, Objects: 3}
}

// brisk waits less than usual, and long enough for a loaded machine wherever
// the server answers.
var brisk = limits{
	connect: 5 * time.Second, window: 5 * time.Second, minBytes: 1,
	pause: time.Millisecond, maxPause: 2 * time.Millisecond,
	fruitless: 3, fruit: 1, attempts: 40, total: time.Minute,
}

// fetcher returns a Fetcher of the one data set.
func fetcher(d Dataset) *Fetcher {
	return &Fetcher{catalogue: []Dataset{d}, limits: &brisk}
}

// run fetches the toy data set, expects what it is, and returns the log.
func run(t *testing.T, f *Fetcher) string {
	t.Helper()
	out, log, err := try(t, f, toyParams())
	if err != nil {
		t.Fatalf("%v\nlog:\n%s", err, log)
	}
	want := map[string][]byte{
		Images: npy.Encode([]int{3, 6}, images()[16:16+18]),
		Labels: npy.Encode([]int{3}, []uint8{0, 1, 2}),
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	return log
}

// fail fetches the toy data set in vain.
func fail(t *testing.T, f *Fetcher) *SourceError {
	t.Helper()
	_, log, err := try(t, f, toyParams())
	failure := new(SourceError)
	if !errors.As(err, &failure) {
		t.Fatalf("want a SourceError, have %v\nlog:\n%s", err, log)
	}
	return failure
}

// try runs a fetch, and checks its progress: never backwards, and complete
// exactly if the fetch is.
func try(t *testing.T, f *Fetcher, p Params) (map[string][]byte, string, error) {
	t.Helper()
	var mu sync.Mutex
	var log strings.Builder
	last, all := -1, 0
	out, err := f.Run(context.Background(), p, &task.Task{
		Workers: 1,
		Logf: func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&log, format+"\n", args...)
		},
		Progress: func(done, total int) {
			if done < last || done > total {
				t.Errorf("progress: %d of %d after %d", done, total, last)
			}
			last, all = done, total
		},
	})
	if err == nil && last != all {
		t.Errorf("progress ends with %d of %d", last, all)
	}
	return out, log.String(), err
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// has expects each of the words in the text.
func has(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}
