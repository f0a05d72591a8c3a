package fetch

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// web is a mirror of the data set whose answers a test can spoil.
type web struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // path and range of each
}

// serve starts a mirror. spoil gets the n-th request of each file, from 0, and
// returns whether it has answered.
func serve(t *testing.T, spoil func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool) *web {
	t.Helper()
	return serveFiles(t, map[string][]byte{
		"/train-images-idx3-ubyte.gz": gz(images()),
		"/train-labels-idx1-ubyte.gz": gz(labels()),
	}, spoil)
}

// serveFiles is serve for other files, by their paths.
func serveFiles(t *testing.T, files map[string][]byte, spoil func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool) *web {
	t.Helper()
	s := &web{}
	counts := map[string]int{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := counts[r.URL.Path]
		counts[r.URL.Path]++
		s.requests = append(s.requests, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
		s.mu.Unlock()
		content, ok := files[r.URL.Path]
		if !ok {
			t.Errorf("request for %s", r.URL.Path)
		}
		if spoil == nil || !spoil(n, w, r, content) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *web) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.requests, ", ")
}

// cut sends the beginning of the content and then drops the connection.
func cut(w http.ResponseWriter, content []byte, n int) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if _, err := w.Write(content[:n]); err != nil {
		return
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	panic(http.ErrAbortHandler)
}

func isImages(r *http.Request) bool { return strings.Contains(r.URL.Path, "images") }

func TestMirror(t *testing.T) {
	s := serve(t, nil)
	f := fetcher(toy(s.URL + "/"))
	f.CacheDir = t.TempDir()
	has(t, run(t, f), "toy: train-images-idx3-ubyte from "+s.URL+"/")
	if got := s.seen(); got != "/train-labels-idx1-ubyte.gz, /train-images-idx3-ubyte.gz" {
		t.Errorf("requests: %s", got)
	}

	// What was downloaded is kept, serves offline, and as a local folder.
	f.Offline = true
	has(t, run(t, f), "toy: train-images-idx3-ubyte from earlier downloads in "+filepath.Join(f.CacheDir, "toy"))
	f.DataDir, f.CacheDir = f.CacheDir, ""
	has(t, run(t, f), "toy: train-images-idx3-ubyte from local folder ")

	// A damaged download is removed and made again.
	f.DataDir, f.CacheDir, f.Offline = "", f.DataDir, false
	damaged := filepath.Join(f.CacheDir, "toy", "train-labels-idx1-ubyte.gz")
	write(t, damaged, gz([]byte("other")))
	has(t, run(t, f), "removed", "toy: train-labels-idx1-ubyte from "+s.URL, "toy: train-images-idx3-ubyte from earlier downloads")
	entries, err := os.ReadDir(filepath.Join(f.CacheDir, "toy"))
	if err != nil || len(entries) != 2 {
		t.Errorf("downloads: %v, %v", entries, err)
	}
}

func TestMirrorResumesCutConnection(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if isImages(r) && n == 0 {
			cut(w, content, 5000)
		}
		return false
	})
	run(t, fetcher(toy(s.URL+"/")))
	has(t, s.seen(), "/train-images-idx3-ubyte.gz bytes=")
}

// A server that always drops the connection after some bytes is worked off
// piece by piece; one that knows no ranges is given up.
func TestMirrorPieces(t *testing.T) {
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		at, _ := strconv.Atoi(strings.Trim(r.Header.Get("Range"), "bytes=-"))
		if len(content)-at <= 1000 {
			return false
		}
		if at > 0 {
			w.Header().Set("Content-Range", "bytes "+strconv.Itoa(at)+"-/"+strconv.Itoa(len(content)))
			w.Header().Set("Content-Length", strconv.Itoa(len(content)-at))
			w.WriteHeader(http.StatusPartialContent)
		}
		cut(w, content[at:], 1000)
		return true
	})
	f := fetcher(toy(s.URL + "/"))
	run(t, f)
	if n := strings.Count(s.seen(), "images"); n < 10 {
		t.Errorf("%d requests for pieces of 1000 bytes: %s", n, s.seen())
	}

	stubborn := serve(t, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		cut(w, content, len(content)/2)
		return true
	})
	f = fetcher(toy(stubborn.URL+"/", s.URL+"/"))
	has(t, run(t, f), "unexpected EOF (attempt 4, the last)", "train-images-idx3-ubyte from "+s.URL)
}

// Part files of an earlier process: a good one is continued, a complete one
// taken, a wrong one dropped.
func TestMirrorPartFiles(t *testing.T) {
	whole := gz(images())
	for _, c := range []struct {
		name, want string
		part       []byte
	}{
		{"half", " bytes=5000-", whole[:5000]},
		{"complete", " bytes=" + strconv.Itoa(len(whole)) + "-", whole},
		{"wrong", " bytes=300-, /train-images-idx3-ubyte.gz", make([]byte, 300)},
		{"too long", " bytes=12100-, /train-images-idx3-ubyte.gz", make([]byte, 12100)},
		{"far too long", " bytes=1048576-, /train-images-idx3-ubyte.gz", make([]byte, 1<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, nil)
			f := fetcher(toy(s.URL + "/"))
			f.CacheDir = t.TempDir()
			part(t, f, s, c.part)
			run(t, f)
			want := "/train-labels-idx1-ubyte.gz, /train-images-idx3-ubyte.gz" + c.want
			if got := s.seen(); got != want {
				t.Errorf("requests: %s, want %s", got, want)
			}
		})
	}
}

// part leaves an unfinished download of the images, where the fetcher itself
// would leave it.
func part(t *testing.T, f *Fetcher, s *web, content []byte) {
	t.Helper()
	broken := serve(t, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if isImages(r) {
			cut(w, content, 100)
		}
		return false
	})
	// The name of the part depends on the address: let the broken server
	// answer at the address of the good one.
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, broken.Listener.Addr().String())
		},
	}}
	first := *f
	first.client = client
	fail(t, &first)
	parts, err := filepath.Glob(filepath.Join(f.CacheDir, "toy", "*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("parts: %v, %v", parts, err)
	}
	if got, err := os.ReadFile(parts[0]); err != nil || !bytes.Equal(got, gz(images())[:len(got)]) || len(got) < 100 {
		t.Fatalf("part of %d bytes, %v", len(got), err)
	}
	write(t, parts[0], content)
	if err := os.Remove(filepath.Join(f.CacheDir, "toy", "train-labels-idx1-ubyte.gz")); err != nil {
		t.Fatal(err)
	}
}

func TestMirrorServerErrors(t *testing.T) {
	status := func(code int) func(int, http.ResponseWriter, *http.Request, []byte) bool {
		return func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			w.WriteHeader(code)
			return true
		}
	}
	good := serve(t, nil)
	for _, c := range []struct {
		name  string
		spoil func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool
		want  string // in the log; empty if the mirror is to deliver
	}{
		{"busy, then well", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if n < 2 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n < 2
		}, ""},
		{"dropped, then well", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if n == 0 {
				panic(http.ErrAbortHandler)
			}
			return false
		}, ""},
		{"without ranges", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n == 0 {
				cut(w, content, 20)
			}
			r.Header.Del("Range")
			return false
		}, ""},
		{"decompressed", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if isImages(r) {
				_, _ = w.Write(images())
			} else {
				_, _ = w.Write(labels())
			}
			return true
		}, ""},
		{"busy", status(http.StatusServiceUnavailable), "503 Service Unavailable (attempt 3, the last)"},
		{"not found", status(http.StatusNotFound), "train-labels-idx1-ubyte: the server answers 404 Not Found"},
		{"range of nothing", status(http.StatusRequestedRangeNotSatisfiable), "416 Requested Range Not Satisfiable"},
		{"another page", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			_, _ = w.Write([]byte("<html>sign in</html>"))
			return true
		}, "its content (20 bytes) has SHA-256 "},
		{"other range", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n == 0 {
				cut(w, content, 20)
			}
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
			return true
		}, `the server answers "bytes 5-9/10"`},
		{"announced too long", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			w.Header().Set("Content-Length", "1048576")
			return true
		}, "the server has 1048576 bytes, more than the"},
		{"too long", func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			for range 64 {
				_, _ = w.Write(make([]byte, 1024))
				_ = http.NewResponseController(w).Flush()
			}
			return true
		}, "the server sends more than the"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.spoil)
			log := run(t, fetcher(toy(s.URL+"/", good.URL+"/")))
			if c.want == "" {
				has(t, log, "train-images-idx3-ubyte from "+s.URL, "train-labels-idx1-ubyte from "+s.URL)
			} else {
				has(t, log, "no train-images-idx3-ubyte from "+s.URL, c.want, "train-images-idx3-ubyte from "+good.URL)
			}
		})
	}
}

// A server that stops sending is left, and what it sent is continued there
// only if it comes back.
func TestMirrorHangs(t *testing.T) {
	good := serve(t, nil)
	release := make(chan struct{})
	hang := serve(t, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if isImages(r) {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(content[:100])
			_ = http.NewResponseController(w).Flush()
		}
		<-release
		return true
	})
	defer close(release)
	f := fetcher(toy(hang.URL+"/", good.URL+"/"))
	hasty := brisk
	hasty.window = 50 * time.Millisecond
	f.limits = &hasty
	f.client = &http.Client{Transport: slow(good.URL)}
	has(t, run(t, f), "no train-labels-idx1-ubyte from "+hang.URL, "the server is silent or too slow (attempt", "train-images-idx3-ubyte from "+good.URL)
}

// slow gives requests to the good server all the time they need, so that a
// short patience cannot fail it on a loaded machine.
func slow(good string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.String(), good) {
			r = r.WithContext(context.WithoutCancel(r.Context()))
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A mirror that cannot be reached is asked once, not for each file.
func TestMirrorUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + l.Addr().String() + "/"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	asked := 0
	f := fetcher(toy(dead, "http://mirror.invalid/"))
	f.client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked++
		if r.URL.Host == "mirror.invalid" {
			return nil, &net.DNSError{Err: "no such host", Name: "mirror.invalid", IsNotFound: true}
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	failure := fail(t, f)
	has(t, failure.Error(), dead+": no connection: dial tcp ", "connection refused", "http://mirror.invalid/: no connection: lookup mirror.invalid: no such host")
	if asked != 2 {
		t.Errorf("%d requests, want one for each mirror", asked)
	}
	if dns := new(net.DNSError); !errors.As(failure, &dns) {
		t.Error("the causes are not wrapped")
	}
}

func TestOfflineAsksNobody(t *testing.T) {
	s := serve(t, nil)
	f := fetcher(toy(s.URL + "/"))
	f.Offline = true
	has(t, fail(t, f).Error(), s.URL+"/: not asked (--offline)", "run again without --offline")
	if s.seen() != "" {
		t.Errorf("requests: %s", s.seen())
	}
}

func TestDownloadFolderCannotBeMade(t *testing.T) {
	s := serve(t, nil)
	f := fetcher(toy(s.URL + "/"))
	f.CacheDir = filepath.Join(t.TempDir(), "file")
	write(t, f.CacheDir, nil)
	has(t, fail(t, f).Error(), s.URL+"/: folder for downloads: ")
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	s := serve(t, func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		cancel()
		<-release
		return true
	})
	defer close(release)
	_, err := fetcher(toy(s.URL+"/")).Run(ctx, toyParams(), task.New(nil))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestAllDownloadsTogether: servers that each bring a little per attempt are
// left when all attempts, or the time for all, are used up; a source that is no
// server still delivers.
func TestAllDownloadsTogether(t *testing.T) {
	piecewise := func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		at, _ := strconv.Atoi(strings.Trim(r.Header.Get("Range"), "bytes=-"))
		if at > 0 {
			w.Header().Set("Content-Range", "bytes "+strconv.Itoa(at)+"-/"+strconv.Itoa(len(content)))
			w.WriteHeader(http.StatusPartialContent)
		}
		cut(w, content[at:], 2)
		return true
	}
	first, second := serve(t, piecewise), serve(t, piecewise)
	d := toy(first.URL+"/", second.URL+"/")
	d.Module = &Module{Path: "example.org/toy", Version: "v1.0.0", Dir: "data"}
	goCommand(t, answer(t, unpacked(t, gz(images()), gz(labels()))))
	f := fetcher(d)
	few := brisk
	few.attempts = 8
	f.limits = &few
	has(t, run(t, f), first.URL+"/: the limit for all downloads", second.URL+"/: the limit for all downloads", "train-images-idx3-ubyte from Go module")
	if n := len(first.requests) + len(second.requests); n != 8 {
		t.Errorf("%d requests, want 8: %s, %s", n, first.seen(), second.seen())
	}

	none := brisk
	none.total = -1
	f.limits = &none
	has(t, run(t, f), first.URL+"/: the limit for all downloads", "train-images-idx3-ubyte from Go module")
	if n := len(first.requests) + len(second.requests); n != 8 {
		t.Errorf("%d requests, want no further one", n-8)
	}
}
