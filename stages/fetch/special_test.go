//go:build unix

package fetch

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestSpecialFiles puts a link to another file, a link to nothing and a named
// pipe in place of a part, of an earlier download and of the user's own file.
// None is followed, opened or replaced, and the data come from elsewhere.
func TestSpecialFiles(t *testing.T) {
	for _, place := range []string{"part", "kept", "data"} {
		for _, kind := range []string{"link", "dangling link", "pipe"} {
			t.Run(place+" "+kind, func(t *testing.T) {
				bad, good := serve(t, nil), serve(t, nil)
				f := fetcher(toy(bad.URL+"/", good.URL+"/"))
				f.CacheDir, f.DataDir = t.TempDir(), t.TempDir()
				victim := filepath.Join(t.TempDir(), "victim")
				name := filepath.Join(f.CacheDir, "toy", "train-images-idx3-ubyte.gz")
				switch place {
				case "part":
					alone := fetcher(toy(bad.URL + "/"))
					alone.CacheDir = f.CacheDir
					part(t, alone, bad, []byte("x"))
					parts, err := filepath.Glob(filepath.Join(f.CacheDir, "toy", "*.part"))
					if err != nil || len(parts) != 1 {
						t.Fatalf("parts: %v, %v", parts, err)
					}
					name = parts[0]
					if err := os.Remove(name); err != nil {
						t.Fatal(err)
					}
				case "data":
					name = filepath.Join(f.DataDir, "train-images-idx3-ubyte.gz")
				}
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				var err error
				if kind == "pipe" {
					err = syscall.Mkfifo(name, 0o600)
				} else {
					if kind == "link" {
						write(t, victim, []byte("precious"))
					}
					err = os.Symlink(victim, name)
				}
				if err != nil {
					t.Fatal(err)
				}
				before, err := os.Lstat(name)
				if err != nil {
					t.Fatal(err)
				}
				log := run(t, f)
				if after, err := os.Lstat(name); err != nil || after.Mode() != before.Mode() {
					t.Errorf("there is %v now (%v), was %v", after, err, before.Mode())
				}
				got, err := os.ReadFile(victim)
				if kind == "link" && string(got) != "precious" || kind != "link" && err == nil {
					t.Errorf("the link's target holds %q", got)
				}
				if place == "part" {
					has(t, log, "train-images-idx3-ubyte from "+good.URL)
				}
			})
		}
	}
}

// TestSlowServer: a server that sends too little over the window, or too little
// per attempt, is left for the next one.
func TestSlowServer(t *testing.T) {
	good := serve(t, nil)
	trickle := serve(t, func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		for _, b := range content {
			if _, err := w.Write([]byte{b}); err != nil || http.NewResponseController(w).Flush() != nil {
				break
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-r.Context().Done():
				return true
			}
		}
		return true
	})
	f := fetcher(toy(trickle.URL+"/", good.URL+"/"))
	strict := brisk
	strict.window, strict.minBytes = 20*time.Millisecond, 1<<20
	f.limits = &strict
	f.client = &http.Client{Transport: slow(good.URL)}
	has(t, run(t, f), "the server is silent or too slow", "train-images-idx3-ubyte from "+good.URL)

	drops := serve(t, func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		at := 0
		if from := r.Header.Get("Range"); from != "" {
			at, _ = strconv.Atoi(from[len("bytes=") : len(from)-1])
			w.Header().Set("Content-Range", "bytes "+strconv.Itoa(at)+"-"+strconv.Itoa(len(content)-1)+"/"+strconv.Itoa(len(content)))
			w.Header().Set("Content-Length", strconv.Itoa(len(content)-at))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		}
		_, _ = w.Write(content[at : at+1])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	f = fetcher(toy(drops.URL+"/", good.URL+"/"))
	few := brisk
	few.fruit = 1000
	f.limits = &few
	run(t, f)
	if got := len(drops.requests); got > 2*few.fruitless {
		t.Errorf("%d requests for two files of a server that sends one byte each: want at most %d", got, 2*few.fruitless)
	}
}
