package cas_test

import (
	"path/filepath"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

func openDisk(t testing.TB, dir string, options ...cas.Option) *cas.Store {
	t.Helper()
	d, err := cas.Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDisk(t *testing.T) {
	for name, options := range map[string][]cas.Option{
		"default":               nil,
		"rows on disk":          {cas.WithRetainLimit(0)},
		"few in memory, merges": {cas.WithRetainLimit(2000), cas.WithMergeAt(2)},
	} {
		t.Run(name, func(t *testing.T) {
			castest.Run(t, func(t *testing.T) *cas.Store {
				return openDisk(t, filepath.Join(t.TempDir(), "a", "store"), options...)
			})
			castest.RunShared(t, func(t *testing.T) func(*testing.T) *cas.Store {
				dir := filepath.Join(t.TempDir(), "store of Ünïcode ☃ 'quoted'")
				return func(t *testing.T) *cas.Store { return openDisk(t, dir, options...) }
			})
		})
	}
}
