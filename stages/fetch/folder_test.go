package fetch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFolder(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string][]byte
	}{
		{"top", map[string][]byte{"train-images-idx3-ubyte": images(), "train-labels-idx1-ubyte": labels()}},
		{"compressed", map[string][]byte{"train-images-idx3-ubyte.gz": gz(images()), "train-labels-idx1-ubyte.gz": gz(labels())}},
		{"dotted", map[string][]byte{"train-images.idx3-ubyte": images(), "train-labels.idx1-ubyte.gz": gz(labels())}},
		{"below", map[string][]byte{"toy/train-images-idx3-ubyte.gz": gz(images()), "Toy/raw/train-labels-idx1-ubyte": labels()}},
		{"misnamed as compressed", map[string][]byte{"train-images-idx3-ubyte.gz": images(), "train-labels-idx1-ubyte": gz(labels())}},
		{"among others", map[string][]byte{
			"train-images-idx3-ubyte.gz": gz([]byte("other")), "train-labels-idx1-ubyte.gz": []byte("\x1f\x8b"),
			"toy/train-images-idx3-ubyte.gz": []byte("damaged"), "toy/train-images-idx3-ubyte": images(),
			"Toy/raw/train-labels-idx1-ubyte.gz": gz(labels()),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fetcher(toy())
			f.DataDir = t.TempDir()
			for name, content := range c.files {
				write(t, filepath.Join(f.DataDir, filepath.FromSlash(name)), content)
			}
			log := run(t, f)
			has(t, log, "toy: train-labels-idx1-ubyte from local folder "+f.DataDir, "toy: train-images-idx3-ubyte from local folder "+f.DataDir)
		})
	}
}

func TestFolderErrors(t *testing.T) {
	dir := t.TempDir()
	f := fetcher(toy())

	f.DataDir = filepath.Join(dir, "none")
	has(t, fail(t, f).Error(), "local folder "+f.DataDir+": no such file or directory")

	f.DataDir = filepath.Join(dir, "file")
	write(t, f.DataDir, nil)
	has(t, fail(t, f).Error(), f.DataDir+": is not a folder")

	f.DataDir = filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(f.DataDir, "train-images-idx3-ubyte"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(f.DataDir, "toy", "train-images-idx3-ubyte"), make([]byte, 1<<20))
	write(t, filepath.Join(f.DataDir, "toy", "train-images-idx3-ubyte.gz"), gz([]byte("other")))
	has(t, fail(t, f).Error(),
		"train-labels-idx1-ubyte: not there, plain or as .gz, at its top or in toy, Toy/raw",
		"toy/train-images-idx3-ubyte.gz: its content (5 bytes) has SHA-256 d9298a10",
		"toy/train-images-idx3-ubyte: has more than 13086 bytes, which is too large",
		"train-images-idx3-ubyte: is a folder, not a file",
	)
}

// With nothing to try, the error still says what could be done.
func TestNoSource(t *testing.T) {
	d := toy("https://mirror.invalid/toy/")
	d.Module = &Module{Path: "example.org/toy", Version: "v1.0.0", Dir: "data"}
	d.Hint = "apt install dataset-toy"
	f := fetcher(d)
	f.Offline = true
	f.CacheDir = t.TempDir()
	t.Setenv("PATH", t.TempDir())
	err := fail(t, f)
	want := `data set toy: no source has train-labels-idx1-ubyte and train-images-idx3-ubyte:
  local folder: none was given (--data FOLDER or LANDSCAPE_DATA)
  earlier downloads in ` + filepath.Join(f.CacheDir, "toy") + `: train-labels-idx1-ubyte: not there
  earlier downloads in ` + filepath.Join(f.CacheDir, "toy") + `: train-images-idx3-ubyte: not there
  https://mirror.invalid/toy/: not asked (--offline)
  Go module example.org/toy@v1.0.0: no go command: exec: "go": executable file not found in $PATH
to continue, do one of the following:
  - run again without --offline
  - get train-labels-idx1-ubyte.gz and train-images-idx3-ubyte.gz from https://mirror.invalid/toy/, put them into FOLDER/toy and run again with --data FOLDER (or LANDSCAPE_DATA=FOLDER)
  - apt install dataset-toy
  - with the go command installed and GOPROXY set to a module proxy in reach: go mod download example.org/toy@v1.0.0, then run again`
	if err.Error() != want {
		t.Errorf("have:\n%s\nwant:\n%s", err, want)
	}
	if len(err.Unwrap()) != 5 || !err.Offline {
		t.Errorf("%+v", err)
	}
}

// The real files of Debian's package, if it is installed.
func TestFashionMNISTOfDebian(t *testing.T) {
	const dir = "/usr/share/datasets"
	if _, err := os.Stat(dir + "/fashion-mnist"); err != nil {
		t.Skip("the Debian package dataset-fashion-mnist is not installed: ", err)
	}
	p, err := NewParams("fashion_mnist", 10000)
	if err != nil {
		t.Fatal(err)
	}
	out, log, err := try(t, &Fetcher{DataDir: dir, Offline: true}, p)
	if err != nil {
		t.Fatal(err)
	}
	has(t, log, "fashion_mnist: train-images-idx3-ubyte from local folder "+dir)
	sizes(t, out)
}

// sizes expects 10,000 images of 784 pixels and labels of ten classes.
func sizes(t *testing.T, out map[string][]byte) {
	t.Helper()
	if n := len(out[Images]); n != 128+10000*784 {
		t.Errorf("images have %d bytes", n)
	}
	counts := [256]int{}
	for _, y := range out[Labels][128:] {
		counts[y]++
	}
	for class, n := range counts {
		if (class < 10) != (n > 800) {
			t.Errorf("label %d occurs %d times", class, n)
		}
	}
}
