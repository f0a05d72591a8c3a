package cas_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

func benchKey(i int) [32]byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(i))
	return cas.Sum(b[:])
}

// benchStore makes a store with n rows of about 300 bytes.
func benchStore(b *testing.B, n int) string {
	dir := b.TempDir()
	d := openDisk(b, dir)
	value := castest.Content(1, 240)
	for i := 0; i < n; {
		var batch cas.Batch
		for ; i < n && len(batch.Rows) < 10000; i++ {
			batch.Rows = append(batch.Rows, cas.Row{Table: "records", Key: benchKey(i), Value: value})
		}
		if err := d.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	d.Close()
	return dir
}

// BenchmarkLookup opens a store and looks all its keys up, as a run in which
// all is cached does.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := benchStore(b, n)
			keys := make([][32]byte, n)
			for i := range keys {
				keys[i] = benchKey(i)
			}
			b.ReportAllocs()
			for b.Loop() {
				d := openDisk(b, dir)
				for _, key := range keys {
					if values, err := d.Lookup("records", key); err != nil || len(values) != 1 {
						b.Fatal(values, err)
					}
				}
				d.Close()
			}
		})
	}
}

// BenchmarkOpen opens a store and loads the index by one lookup.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := benchStore(b, n)
			b.ReportAllocs()
			for b.Loop() {
				d := openDisk(b, dir)
				if _, err := d.Lookup("records", [32]byte{}); err != nil {
					b.Fatal(err)
				}
				d.Close()
			}
		})
	}
}

// BenchmarkCommit commits batches of small objects with a row each. The
// metric is the time of one object.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := openDisk(b, b.TempDir())
			next := 0
			for b.Loop() {
				b.StopTimer()
				var batch cas.Batch
				for range n {
					next++
					batch.Objects = append(batch.Objects, cas.Encode(castest.Content(uint64(next), 500)))
					batch.Rows = append(batch.Rows, cas.Row{Table: "records", Key: benchKey(next), Value: make([]byte, 250)})
				}
				b.StartTimer()
				if err := d.Commit(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/object")
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	content := castest.Content(1, 8<<20)
	o := cas.Encode(content)
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			cas.Encode(content)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			if _, err := cas.Decode(o.Digest, o.Frame); err != nil {
				b.Fatal(err)
			}
		}
	})
}
