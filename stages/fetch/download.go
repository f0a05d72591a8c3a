package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// limits bounds what downloads may cost.
type limits struct {
	connect   time.Duration // for a connection, name lookup included
	window    time.Duration // over which the rate is measured
	minBytes  int64         // that each window has to bring, the first with the wait for an answer
	pause     time.Duration // before the second attempt; doubles with each fruitless one
	maxPause  time.Duration
	fruitless int           // attempts in a row on one address that may bring fewer than fruit bytes
	fruit     int64         // bytes
	attempts  int           // on all addresses of a data set together
	total     time.Duration // for all attempts together
}

var usual = limits{
	connect: 3 * time.Second, window: 30 * time.Second, minBytes: 128 << 10,
	pause: 500 * time.Millisecond, maxPause: 20 * time.Second,
	fruitless: 4, fruit: 64 << 10, attempts: 100, total: 6 * time.Hour,
}

// usualClient is shared by all fetchers. A machine without network has
// to notice within seconds, so the connect timeout is short.
var usualClient = sync.OnceValue(func() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: usual.connect}).DialContext,
		TLSHandshakeTimeout: usual.connect,
		ForceAttemptHTTP2:   true,
	}}
})

// What ends an attempt, or all of them.
var (
	errSlow   = errors.New("the server is silent or too slow")
	errUsedUp = errors.New("the limit for all downloads of a data set together is reached")
)

// mirrors downloads the files of one data set from web servers.
type mirrors struct {
	limits
	client   *http.Client
	progress func(bytes int64) // of the file that is being downloaded
	left     int               // attempts
	deadline time.Time         // of all attempts
}

func (f *Fetcher) newMirrors(progress func(int64)) *mirrors {
	m := &mirrors{limits: usual, client: f.client, progress: progress}
	if m.client == nil {
		m.client = usualClient()
	}
	if f.limits != nil {
		m.limits = *f.limits
	}
	m.left, m.deadline = m.attempts, time.Now().Add(m.total)
	return m
}

// source is a folder on a web server; base ends in a slash.
//
// A download goes into a .part file in dir with which the next attempt
// continues, even one of a later process. Two processes may share it without a
// lock: each writes at its own offsets, from the same address and so the same
// bytes; should they differ after all, the digest does too, and the download
// starts again.
func (m *mirrors) source(d Dataset, base, dir string) source {
	return source{base, d.each(func(ctx context.Context, s stored) (contents, error) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, &unreachable{error: fmt.Errorf("folder for downloads: %w", err)}
		}
		address := base + s.name
		part := filepath.Join(dir, fmt.Sprintf("%s-%.4x.part", strings.TrimSuffix(s.name, ".gz"), sha256.Sum256([]byte(address))))
		f, err := files.Update(part)
		if err != nil {
			return nil, &unreachable{error: fmt.Errorf("file for the download: %w", err)}
		}
		defer f.Close()
		got, err := m.download(ctx, address, f, s)
		if err != nil {
			if size(f) == 0 {
				_ = os.Remove(part)
			}
			return nil, err
		}
		// Keeping it is a convenience: a failure costs a later download at most.
		// A special file under that name stays where it is.
		to := filepath.Join(dir, s.name)
		if _, err := os.Lstat(to); err == nil && !isRegular(to) || os.Rename(part, to) != nil {
			_ = os.Remove(part)
		}
		return got, nil
	})}
}

// retry is a failure that another attempt may repair.
type retry struct {
	error
	after time.Duration // that the server asked for, or 0
}

func (e *retry) Unwrap() error { return e.error }

// download completes f, which may hold the beginning, and returns the verified
// contents. Attempts that fail underway are repeated with growing pauses. Bytes
// whose digest is wrong are dropped, and if they were resumed, loaded again.
func (m *mirrors) download(ctx context.Context, address string, f *os.File, s stored) (contents, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, m.deadline, errUsedUp)
	defer cancel()
	fruitless, best := 0, size(f)
	for n := 1; ; n++ {
		if m.left == 0 || context.Cause(ctx) == errUsedUp {
			return nil, &unreachable{error: fmt.Errorf("%w: %d attempts, %v", errUsedUp, m.attempts, m.total)}
		}
		m.left--
		have := size(f)
		err := m.transfer(ctx, address, f, s.limit)
		if err == nil {
			var got contents
			if got, err = s.open(ctx, f); err == nil {
				return got, nil
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if cut := f.Truncate(0); cut != nil || have == 0 {
				return nil, err
			}
			err = &retry{error: err}
		}
		again := new(retry)
		if !errors.As(err, &again) {
			return nil, err
		}
		if size := size(f); size >= best+m.fruit {
			fruitless, best = 0, size
		} else {
			fruitless++
		}
		if fruitless == m.fruitless {
			return nil, fmt.Errorf("%w (attempt %d, the last)", err, n)
		}
		select {
		case <-time.After(min(max(m.pause<<fruitless, again.after), m.maxPause)):
		case <-ctx.Done():
			if context.Cause(ctx) != errUsedUp {
				return nil, context.Cause(ctx)
			}
		}
	}
}

// size returns the bytes of an open file, or 0 if the system does not tell.
func size(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// transfer makes one attempt to complete f. It ends when a window brings too few
// bytes.
func (m *mirrors) transfer(ctx context.Context, address string, f *os.File, limit int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var received atomic.Int64 // in this window
	var watch func()
	watch = func() {
		if received.Swap(0) < m.minBytes {
			cancel(errSlow)
		} else if ctx.Err() == nil {
			time.AfterFunc(m.window, watch)
		}
	}
	time.AfterFunc(m.window, watch)

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "landscape-pipe")
	// The stored bytes are wanted, so that a part can be resumed.
	req.Header.Set("Accept-Encoding", "identity")
	have := size(f)
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return connectionError(ctx, err)
	}
	defer resp.Body.Close()
	at, err := bodyOffset(resp, have)
	if err != nil || at == complete {
		return err
	}
	if at < have {
		if err := f.Truncate(at); err != nil {
			return fmt.Errorf("writing the download: %w", err)
		}
	}
	if resp.ContentLength > limit-at {
		return fmt.Errorf("the server has %d bytes, more than the %d there may be", at+resp.ContentLength, limit)
	}

	buf := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buf)
		if at+int64(n) > limit {
			return fmt.Errorf("the server sends more than the %d bytes there may be", limit)
		}
		if _, err := f.WriteAt(buf[:n], at); err != nil {
			return fmt.Errorf("writing the download: %w", err)
		}
		at += int64(n)
		received.Add(int64(n))
		m.progress(at)
		if err == io.EOF { // not io.ErrUnexpectedEOF
			return nil
		}
		if err != nil {
			return &retry{error: fmt.Errorf("after %d bytes: %w", at, because(ctx, err))}
		}
	}
}

// because returns why a request was ended here, or err if it was not.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause == errSlow || cause == errUsedUp {
		return cause
	}
	return err
}

// connectionError judges an error that came before any answer: it is worth
// another attempt only if a server was there.
func connectionError(ctx context.Context, err error) error {
	if ended := because(ctx, err); ended != err {
		return &retry{error: ended}
	}
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		err = urlErr.Err // without the address, which is named anyway
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return &retry{error: err}
	}
	return &unreachable{error: fmt.Errorf("no connection: %w", err)}
}

// complete is the offset that bodyOffset returns if nothing is left to transfer.
const complete = -1

// bodyOffset returns the offset of the file at which the body of a response to
// a request for all bytes from the given one on begins.
func bodyOffset(resp *http.Response, from int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return 0, nil
	case http.StatusPartialContent:
		// Content-Range: bytes FIRST-LAST/LENGTH
		rest, ok := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes ")
		first, _, _ := strings.Cut(rest, "-")
		if n, err := strconv.ParseInt(first, 10, 64); !ok || err != nil || n != from {
			return 0, fmt.Errorf("asked from byte %d on, the server answers %q", from, resp.Header.Get("Content-Range"))
		}
		return from, nil
	case http.StatusRequestedRangeNotSatisfiable:
		if from > 0 {
			return complete, nil // nothing follows; the digest says whether it is the file
		}
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 32)
		return 0, &retry{fmt.Errorf("the server answers %s", resp.Status), time.Duration(seconds) * time.Second}
	}
	return 0, fmt.Errorf("the server answers %s", resp.Status)
}
