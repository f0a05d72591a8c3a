package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The test binary stands in for the program, which starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"run", "syncs"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	for _, more := range [][]string{nil, {"-process"}, {"-contents", "3"}, {"-bytes", "1024"}} {
		args := append([]string{"run", "-actions", "25", "-width", "10", "-store", filepath.Join(t.TempDir(), "store")}, more...)
		for _, want := range []struct{ ran, cached int }{{25, 0}, {0, 25}} {
			var out bytes.Buffer
			if err := dispatch(args, &out); err != nil {
				t.Fatal(err)
			}
			var o outcome
			if err := json.Unmarshal(out.Bytes(), &o); err != nil {
				t.Fatal(err)
			}
			if o.Ran != want.ran || o.Cached != want.cached || o.Actions != 25 || o.Seconds <= 0 {
				t.Errorf("%q: %+v, want %+v", more, o, want)
			}
		}
	}
}

func TestScale(t *testing.T) {
	var out bytes.Buffer
	if err := dispatch([]string{"scale", "-sizes", "5,50", "-dir", t.TempDir()}, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[4], "last/first") {
		t.Fatalf("table:\n%s", out.String())
	}
	for i, columns := range map[int]int{2: 11, 3: 11, 4: 7} {
		numbers := strings.Fields(strings.ReplaceAll(lines[i], "|", ""))
		if i == 4 {
			numbers = numbers[1:]
		}
		for _, number := range numbers {
			if v, err := strconv.ParseFloat(number, 64); err != nil || v < 0 {
				t.Errorf("line %q has %q", lines[i], number)
			}
		}
		if len(numbers) != columns {
			t.Errorf("line %q has %d numbers, want %d", lines[i], len(numbers), columns)
		}
	}
}

// TestSyncs: as many bytes as asked for lie on the disk, in one file or in one
// per output.
func TestSyncs(t *testing.T) {
	for _, want := range []struct {
		more         []string
		files, bytes int64
	}{{nil, 1, 25 * (100 + rowBytes)}, {[]string{"-files"}, 26, 25 * (100 + rowBytes)}} {
		dir := filepath.Join(t.TempDir(), "store")
		var out bytes.Buffer
		if err := dispatch(append([]string{"syncs", "-actions", "25", "-group", "10", "-bytes", "100", "-store", dir}, want.more...), &out); err != nil {
			t.Fatal(err)
		}
		var files, size int64
		err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			files, size = files+1, size+info.Size()
			return err
		})
		if err != nil || files != want.files || size != want.bytes {
			t.Errorf("%q: %d files with %d bytes, %v; want %d with %d", want.more, files, size, err, want.files, want.bytes)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{nil, {"x"}, {"run"}, {"run", "-actions", "0", "-store", t.TempDir()}, {"syncs", "-group", "0", "-store", "x"}, {"measure"}, {"measure", "false"}, {"scale", "-sizes", "x"}} {
		var out bytes.Buffer
		if err := dispatch(args, &out); err == nil {
			t.Errorf("%q gives no error, but %s", args, out.String())
		}
	}
}
