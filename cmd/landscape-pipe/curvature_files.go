package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// tableFiles remembers digests of the user's files: SHA-256 of the path → the
// file as it was when it was hashed. It is a hint that saves reading a large
// file at every start; where it is lost, the file is hashed again.
const tableFiles cas.Table = "files"

// stamp is what changes when a file does.
type stamp struct {
	Size    int64  `json:"size"`
	Changed int64  `json:"changed"` // ctime, nanoseconds
	Written int64  `json:"written"` // mtime
	Inode   uint64 `json:"inode"`
	Device  uint64 `json:"device"`
}

type remembered struct {
	stamp
	Digest string `json:"digest"`
}

// fresh is how long after its last change a file may change again without a
// new time: coarse clocks of file systems tick every second or two.
const fresh = 2 * time.Second

// digestOf returns the SHA-256 of a file. It is remembered in the store unless
// the file was touched within the last two seconds.
func digestOf(ctx context.Context, st cas.Store, path string) (cas.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return cas.Digest{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return cas.Digest{}, err
	}
	if info.IsDir() {
		return cas.Digest{}, &fs.PathError{Op: "read", Path: path, Err: errors.New("is a folder")}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return cas.Digest{}, err
	}
	key := sha256.Sum256([]byte(absolute))
	now, known := stampOf(info)
	if known {
		rows, err := st.Lookup(tableFiles, key)
		if err != nil {
			return cas.Digest{}, err
		}
		for _, row := range slices.Backward(rows) {
			var r remembered
			if json.Unmarshal(row, &r) == nil && r.stamp == now {
				return cas.ParseDigest(r.Digest)
			}
		}
	}
	began := time.Now()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return cas.Digest{}, err
	}
	d := cas.Digest(h.Sum(nil))
	touched := time.Unix(0, max(now.Changed, now.Written))
	if !known || began.Sub(touched) < fresh {
		return d, nil
	}
	if info, err = f.Stat(); err != nil {
		return cas.Digest{}, err
	}
	if after, _ := stampOf(info); after != now {
		return d, nil // changed meanwhile: the stage that reads it finds out
	}
	row, err := json.Marshal(remembered{now, d.String()})
	if err != nil {
		return cas.Digest{}, err
	}
	// Where the store cannot be written the hint is lost, and nothing else.
	_ = st.Commit(ctx, cas.Batch{Rows: []cas.Row{{Table: tableFiles, Key: key, Value: row}}})
	return d, nil
}

// fileError says which flag named a file that cannot be read.
func fileError(flag string, err error) error {
	if isStoreError(err) {
		return err
	}
	hint := "name a file that can be read"
	if errors.Is(err, fs.ErrNotExist) {
		hint = "name a file that exists"
	}
	return usage(fmt.Errorf("%s: %w", flag, err), hint)
}

// ascending sorts numbers and drops repetitions.
func ascending(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}
