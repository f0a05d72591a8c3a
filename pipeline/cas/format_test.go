package cas_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func TestFormat(t *testing.T) {
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "format"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	make := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	both := func(a, b func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) { a(t, dir); b(t, dir) }
	}
	current := cas.FormatText(cas.FormatVersion)
	for _, test := range []struct {
		name    string
		prepare func(*testing.T, string)
		want    string // in the error, "" for none
		have    int
	}{
		{"empty folder", func(*testing.T, string) {}, "", 0},
		{"current", write(current), "", 0},
		{"older", write(cas.FormatText(1)), "the keys have changed", 1},
		{"newer", write(cas.FormatText(3)), "newer release", 3},
		{"much newer", write(cas.FormatText(17)), "newer release", 17},
		{"empty file", write(""), "damaged", 0},
		{"truncated", write(current[:len(current)-1]), "damaged", 0},
		{"longer", write(current + "\n"), "damaged", 0},
		{"version zero", write(cas.FormatText(0)), "damaged", 0},
		{"lost format, objects", make("objects/ab/x.zst"), "", 0},
		{"lost format, rows", make("tables/00000001.rows"), "", 0},
		{"older, lost format", both(make("tables/00000001.rows"), make("damaged/x")), "the keys have changed", 1},
		{"other folder", make("thesis.tex"), `"thesis.tex"`, 0},
		{"interrupted creation", make("tmp/1234-1"), "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.prepare(t, dir)
			d, err := cas.Open(dir)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				if err := d.Commit(t.Context(), crashBatch(1)); err != nil {
					t.Error(err)
				}
				return
			}
			var format *cas.FormatError
			if !errors.As(err, &format) || format.Have != test.have || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a FormatError about %q", err, test.want)
			}
		})
	}
}

func TestFormatFlippedBit(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	if err := d.Commit(t.Context(), crashBatch(1)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "format")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(text) {
		flipped := []byte(string(text))
		flipped[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, flipped, 0o666); err != nil {
			t.Fatal(err)
		}
		var format *cas.FormatError
		if _, err := cas.Open(dir); !errors.As(err, &format) || format.Have != 0 {
			t.Errorf("bit %d: %v, want a FormatError that calls it damaged", bit, err)
		}
	}
	// The error says how to repair it: do so.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	repaired := openDisk(t, dir)
	if report, err := repaired.Verify(t.Context(), true); err != nil || report.Objects != 2 || report.Rows != 2 {
		t.Errorf("after repair: %+v, %v", report, err)
	}
	if err := repaired.Commit(t.Context(), crashBatch(2)); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(text) {
		t.Errorf("the file was not written again: %q, %v", again, err)
	}
}
