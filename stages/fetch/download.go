package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience says how long to wait for what.
type patience struct {
	connect    time.Duration // for a connection, name lookup included
	silence    time.Duration // for the next bytes of a server that is connected
	base       time.Duration // before the second attempt; doubles with each
	longest    time.Duration // between two attempts
	fruitless, // attempts in a row that may bring too little
	attempts int // in all
	fruit  int64         // bytes that an attempt has to bring not to count as fruitless
	window time.Duration // over which the rate is measured
	least  int64         // bytes that a window has to bring
}

var usual = patience{
	connect: 3 * time.Second, silence: 15 * time.Second,
	base: 500 * time.Millisecond, longest: 20 * time.Second,
	fruitless: 4, attempts: 40, fruit: 64 << 10,
	window: time.Minute, least: 256 << 10,
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

// downloader gets one address into a file, with resumption and retries.
type downloader struct {
	client *http.Client
	patience
	meter *meter
}

func (f *Fetcher) downloader(m *meter) downloader {
	d := downloader{client: f.Client, patience: usual, meter: m}
	if d.client == nil {
		d.client = usualClient()
	}
	if f.patience != nil {
		d.patience = *f.patience
	}
	return d
}

// retryError is a failure that another attempt may repair.
type retryError struct {
	err   error
	after time.Duration // that the server asked for, or 0
}

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

// download completes f, which may hold the beginning, to at most limit bytes.
// Attempts that fail underway are repeated with growing, jittered pauses; an
// *unreachableError says that there is no server to talk to.
func (d downloader) download(ctx context.Context, address string, f *os.File, limit int64) error {
	fruitless, best := 0, size(f)
	for attempt := 1; ; attempt++ {
		err := d.transfer(ctx, address, f, limit)
		if err == nil || ctx.Err() != nil {
			return err
		}
		retry := new(retryError)
		if !errors.As(err, &retry) {
			return err
		}
		if n := size(f); n >= best+d.fruit {
			fruitless, best = 0, n
		} else {
			fruitless++
		}
		if fruitless == d.fruitless || attempt == d.attempts {
			return fmt.Errorf("%w (attempt %d, the last)", err, attempt)
		}
		pause := max(d.pause(fruitless), min(retry.after, d.longest))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause returns base·2^n, halved to half as much again by chance so that many
// clients do not come back at once.
func (d downloader) pause(n int) time.Duration {
	p := d.base
	for range n {
		p = min(2*p, d.longest)
	}
	return p/2 + rand.N(p+1)
}

// size returns the bytes of an open file, or 0 if the system does not tell.
func size(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// What ends an attempt whose server has stopped sending, or sends too slowly.
var (
	errSilent = errors.New("the server is silent")
	errSlow   = errors.New("the server is too slow")
)

// transfer makes one attempt to complete f.
func (d downloader) transfer(ctx context.Context, address string, f *os.File, limit int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.silence, func() { cancel(errSilent) })
	defer watch.Stop()

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
	resp, err := d.client.Do(req)
	if err != nil {
		return d.connection(ctx, err)
	}
	defer resp.Body.Close()
	at, err := start(resp, have)
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
	return d.receive(ctx, resp.Body, f, at, limit, watch)
}

// receive writes the body into f from offset at on.
func (d downloader) receive(ctx context.Context, body io.Reader, f *os.File, at, limit int64, watch *time.Timer) error {
	buf := make([]byte, 64<<10)
	began, from := time.Now(), at // of the window
	for {
		n, err := body.Read(buf)
		if n > 0 {
			watch.Reset(d.silence)
			if at+int64(n) > limit {
				return fmt.Errorf("the server sends more than the %d bytes there may be", limit)
			}
			if _, err := f.WriteAt(buf[:n], at); err != nil {
				return fmt.Errorf("writing the download: %w", err)
			}
			at += int64(n)
			d.meter.set(at)
		}
		if passed := time.Since(began); err == nil && passed >= d.window {
			if at-from < d.least {
				return &retryError{err: fmt.Errorf("after %d bytes: %w: %d bytes in %v", at, errSlow, at-from, passed.Round(time.Second))}
			}
			began, from = time.Now(), at
		}
		if err == io.EOF { // not io.ErrUnexpectedEOF
			return nil
		}
		if err != nil {
			if context.Cause(ctx) == errSilent {
				err = errSilent
			}
			return &retryError{err: fmt.Errorf("after %d bytes: %w", at, err)}
		}
	}
}

// connection judges an error that came before any answer: it is worth another
// attempt only if a server was there.
func (d downloader) connection(ctx context.Context, err error) error {
	if context.Cause(ctx) == errSilent {
		return &retryError{err: errSilent}
	}
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		err = urlErr.Err // without the address, which is named anyway
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return &retryError{err: err}
	}
	return &unreachableError{fmt.Errorf("no connection: %w", err)}
}

// complete is what start returns if nothing is left to transfer.
const complete = -1

// start returns the offset of the file at which the body of a response to a
// request for all bytes from the given one on begins.
func start(resp *http.Response, from int64) (int64, error) {
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
			// Nothing follows what we have: the digest will say whether it is
			// the file.
			return complete, nil
		}
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 32)
		return 0, &retryError{fmt.Errorf("the server answers %s", resp.Status), time.Duration(seconds) * time.Second}
	}
	return 0, fmt.Errorf("the server answers %s", resp.Status)
}
