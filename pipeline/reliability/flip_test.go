package reliability

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas/castest"
)

// tiny is a recipe of three stages.
var tiny = recipe{Generation: 1, Width: 2, Layers: 1, Size: 20}

// tinyFiles is the same with outputs that are files of their own.
var tinyFiles = recipe{Generation: 1, Width: 2, Layers: 1, Size: 2100}

// filesBelow returns the paths of all files of a store.
func filesBelow(t *testing.T, fsys *castest.FS, dir string) []string {
	t.Helper()
	names, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range names {
		p := path.Join(dir, name)
		switch path.Base(dir) {
		case "store":
			if name != "format" && name != "lock" {
				all = append(all, filesBelow(t, fsys, p)...)
				continue
			}
		case "objects":
			all = append(all, filesBelow(t, fsys, p)...)
			continue
		}
		all = append(all, p)
	}
	return all
}

// damages returns the ways in which a file of so many bytes is damaged: a bit
// of each byte flipped, and each length that it may have been cut to.
func damages(size, step int, random *rand.Rand) []func([]byte) []byte {
	var all []func([]byte) []byte
	for at := range size {
		if at > 40 && at < size-40 && at%step > 0 {
			continue
		}
		bit := byte(1) << random.IntN(8)
		all = append(all,
			func(b []byte) []byte { b[at] ^= bit; return b },
			func(b []byte) []byte { return b[:at] })
	}
	return all
}

// TestEveryByte flips a bit in every byte of every file of a store, one at a
// time, and cuts every file to every length. The next run never has a wrong
// hit and ends in the results of an undisturbed run; only a damaged format
// file is an error, which tells what to do.
func TestEveryByte(t *testing.T) {
	kinds := make(map[string]int)
	random := rand.New(rand.NewPCG(5, 6))
	for _, r := range []recipe{tiny, tinyFiles} {
		want := r.reference(t)
		sound := castest.NewFS()
		if _, _, err := attempt(t, r, sound); err != nil {
			t.Fatal(err)
		}
		sound = sound.Crash(castest.LoseNothing, nil)
		for _, file := range filesBelow(t, sound, disk) {
			size, err := sound.Size(file)
			if err != nil {
				t.Fatal(err)
			}
			kind := strings.Split(strings.TrimPrefix(file, disk+"/"), "/")[0]
			if r.Size == tinyFiles.Size && (kind != "objects" || !isResult(file, want)) {
				continue
			}
			kinds[kind]++
			step := 1
			if kind == "objects" {
				step = 64 // a test of package cas flips each bit of a frame
			}
			cases := damages(int(size), step, random)
			if kind == "locks" {
				cases = cases[:min(len(cases), 4)] // its content is for people
			}
			for i, damage := range cases {
				fsys := sound.Crash(castest.LoseNothing, nil)
				if err := fsys.Corrupt(file, damage); err != nil {
					t.Fatal(err)
				}
				if err := runDamaged(t, r, fsys, kind, want); err != nil {
					t.Errorf("%s, damage %d: %v", file, i, err)
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	for _, kind := range []string{"format", "lock", "locks", "objects", "tables"} {
		if kinds[kind] == 0 {
			t.Errorf("the store has no file of the kind %s: %v", kind, kinds)
		}
	}
}

// runDamaged runs a recipe on a store in which a file of this kind is damaged.
func runDamaged(t *testing.T, r recipe, fsys *castest.FS, kind string, want digests) error {
	st, err := cas.Open(disk, cas.WithFS(fsys))
	if kind == "format" {
		return wantFormatError(t, fsys, err, want)
	}
	if err != nil {
		return err
	}
	defer st.Close()
	p := plan(t, r.graph(t), st)
	lost, err := p.Verify(t.Context())
	if err != nil {
		return err
	}
	if kind == "objects" && len(lost) != 1 {
		t.Errorf("a damaged object is found %d times", len(lost))
	}
	if err := wrongHits(p, st, want); err != nil {
		return err
	}
	sum, err := p.Run(t.Context(), pipeline.RunOptions{Jobs: 1})
	if err != nil {
		return err
	}
	wantResults(t, sum.Results(), want)
	if kind == "objects" {
		if aside, err := fsys.ReadDir(disk + "/quarantine"); err != nil || len(aside) != 1 || sum.Ran != 1 {
			t.Errorf("%d stages run and %q set aside, want one each: %v", sum.Ran, aside, err)
		}
	}
	if kind == "lock" || kind == "locks" {
		if sum.Ran != 0 {
			t.Errorf("the content of a lock file matters: %d stages run", sum.Ran)
		}
	}
	again := plan(t, r.graph(t), st)
	if err := wrongHits(again, st, want); err != nil {
		return err
	}
	if hits := cached(again); len(hits) != len(want) {
		t.Errorf("%d stages are cached after the repair, want %d", len(hits), len(want))
	}
	return nil
}

// wantFormatError: a store whose version cannot be read is not touched, and
// doing what the error says mends it.
func wantFormatError(t *testing.T, fsys *castest.FS, err error, want digests) error {
	t.Helper()
	format, ok := errors.AsType[*cas.FormatError](err)
	if !ok {
		return fmt.Errorf("a damaged format file: %w, want a FormatError", err)
	}
	if !strings.Contains(format.Error(), "remove the file") {
		return fmt.Errorf("the error does not say what to do: %w", err)
	}
	if err := fsys.Remove(disk + "/format"); err != nil {
		return err
	}
	st := open(t, disk, cas.WithFS(fsys))
	defer st.Close()
	if hits := cached(plan(t, tiny.graph(t), st)); len(hits) != len(want) {
		t.Errorf("%d stages are cached after the repair of the format file, want %d", len(hits), len(want))
	}
	return nil
}
