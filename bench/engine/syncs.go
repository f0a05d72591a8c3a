package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// inFlight is how many files are written at the same time, as the store does.
const inFlight = 16

// syncsCommand writes the bytes of a cold run in groups as large as the
// engine's and makes each group durable. No code of the store is used, so its
// time is what the disk alone asks for the durability of a cold run.
//
// The bytes of a group are appended to one file and synced, then its rows are
// appended and synced, as the store does with small outputs. With -files, each
// output is a file of its own: it is written, synced and renamed, then the
// folders are synced, then a log that takes one row per file.
func syncsCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("syncs", flag.ContinueOnError)
	actions := flags.Int("actions", 10_000, "number of outputs")
	group := flags.Int("group", 1000, "outputs in a group")
	size := flags.Int("bytes", 8, "size of an output, in bytes")
	files := flags.Bool("files", false, "write each output to a file of its own")
	dir := flags.String("store", "", "folder to write into, which must not exist")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *actions < 1 || *group < 1 || *size < 0 {
		return fmt.Errorf("%d actions in groups of %d with %d bytes each: want 1 or more, 1 or more and 0 or more", *actions, *group, *size)
	}
	if err := os.Mkdir(*dir, 0o777); err != nil {
		return err
	}
	if *files {
		for i := range 256 {
			if err := os.Mkdir(filepath.Join(*dir, fmt.Sprintf("%02x", i)), 0o777); err != nil {
				return err
			}
		}
	}
	log, err := os.Create(filepath.Join(*dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	began := time.Now()
	for from := 0; from < *actions; from += *group {
		to := min(from+*group, *actions)
		if *files {
			err = syncFiles(*dir, from, to, *size)
		} else {
			err = appendSynced(log, *size*(to-from))
		}
		if err != nil {
			return err
		}
		if err := appendSynced(log, rowBytes*(to-from)); err != nil {
			return err
		}
	}
	return json.NewEncoder(stdout).Encode(outcome{Actions: *actions, Ran: *actions, Seconds: time.Since(began).Seconds(), Peak: peakMemory()})
}

// rowBytes is what the store writes for one action of the synthetic graph beside
// its output: its rows and their headers.
const rowBytes = 680

func appendSynced(f *os.File, size int) error {
	if _, err := f.Write(make([]byte, size)); err != nil {
		return err
	}
	return f.Sync()
}

func syncFiles(dir string, from, to, size int) error {
	content := make([]byte, size)
	err := together(to-from, func(i int) error {
		temporary := filepath.Join(dir, fmt.Sprintf("%d.tmp", i))
		f, err := os.Create(temporary)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		return os.Rename(temporary, filepath.Join(dir, fmt.Sprintf("%02x", i%256), fmt.Sprint(from+i)))
	})
	if err != nil {
		return err
	}
	return together(min(256, to-from), func(i int) error {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("%02x", i)))
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// together calls f for 0 to n-1, inFlight at a time, and returns all errors.
func together(n int, f func(int) error) error {
	next := make(chan int)
	errs := make([]error, inFlight)
	var wait sync.WaitGroup
	for w := range errs {
		wait.Go(func() {
			for i := range next {
				errs[w] = errors.Join(errs[w], f(i))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	return errors.Join(errs...)
}
