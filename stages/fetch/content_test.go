package fetch

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Datasets() {
		if seen[d.Name] {
			t.Errorf("%s is there twice", d.Name)
		}
		seen[d.Name] = true
		size := int64(0)
		for _, f := range d.Files {
			if b, err := hex.DecodeString(f.SHA256); err != nil || len(b) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
				t.Errorf("%s: %s: digest %q", d.Name, f.Name, f.SHA256)
			}
			if (f.Download > 0) != (len(d.Mirrors) > 0 && d.Archive == nil) || f.Download > f.transferLimit() {
				t.Errorf("%s: %s: %d bytes to download", d.Name, f.Name, f.Download)
			}
			size += f.Size
		}
		want := int64(8 + d.Objects + 16 + d.Objects*d.InputSize)
		if d.LabelBytes > 0 {
			want = int64(d.Objects) * int64(d.LabelBytes+d.InputSize)
		}
		if size != want {
			t.Errorf("%s: files have %d bytes, want %d", d.Name, size, want)
		}
		if a := d.Archive; a != nil && (len(a.MD5) != 32 || a.Size <= 0 || a.Unpacked < size || a.Folder == "") {
			t.Errorf("%s: archive %+v", d.Name, a)
		}
		for _, m := range d.Mirrors {
			if !strings.HasPrefix(m, "https://") || !strings.HasSuffix(m, "/") {
				t.Errorf("%s: mirror %q", d.Name, m)
			}
		}
		if !slices.Contains(d.Folders, d.Name) {
			t.Errorf("%s: the advice of SourceError names a folder that is not looked in", d.Name)
		}
		if d.Classes < 2 || d.Origin == "" || d.Licence == "" || len(d.Mirrors) == 0 && d.Hint == "" {
			t.Errorf("%s: incomplete: %+v", d.Name, d)
		}
	}
}

// TestNeeded: of CIFAR-10 only the batches that hold the objects are read.
func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		dataset        string
		objects, files int
	}{{"mnist", 2, 2}, {"cifar10", 2, 1}, {"cifar10", 10000, 1}, {"cifar10", 10001, 2}, {"cifar10", 50000, 5}, {"cifar100", 50000, 1}} {
		p, err := NewParams(c.dataset, c.objects)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.SHA256) != c.files {
			t.Errorf("%d objects of %s: %d files, want %d", c.objects, c.dataset, len(p.SHA256), c.files)
		}
	}
}

func TestNewParams(t *testing.T) {
	p, err := NewParams("mnist", 10000)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.check(); err != nil || p.Objects != 10000 || p.Dataset != "mnist" {
		t.Errorf("%+v: %v", p, err)
	}
	for _, c := range []struct {
		dataset string
		objects int
		want    string
	}{
		{"minst", 1, `data set "minst" is not in the catalogue: mnist, fashion_mnist`},
		{"mnist", 0, "0 objects wanted"},
		{"mnist", 60001, "60001 objects wanted, it has 60000"},
	} {
		if _, err := NewParams(c.dataset, c.objects); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %d: %v", c.dataset, c.objects, err)
		}
	}
}

func TestParamsCheck(t *testing.T) {
	for _, c := range []struct {
		change func(*Params)
		want   string
	}{
		{func(p *Params) { p.Objects = 0 }, "0 objects wanted"},
		{func(p *Params) { p.SHA256[1] = "" }, `SHA-256 ""`},
		{func(p *Params) { p.SHA256[0] = strings.ToUpper(p.SHA256[0]) }, "lower-case"},
		{func(p *Params) { p.SHA256[0] = p.SHA256[0][:62] }, "64"},
		{func(p *Params) { p.SHA256 = p.SHA256[:1] }, "1 digests of the 2 files that hold 3 objects"},
		{func(p *Params) { p.Dataset = "other" }, `data set "other" is not in the catalogue: toy`},
	} {
		p := toyParams()
		c.change(&p)
		if _, _, err := try(t, fetcher(toy()), p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	file := toy().Files[0]
	for _, c := range []struct {
		name   string
		stored []byte
		want   string
	}{
		{"plain", labels(), ""},
		{"compressed", gz(labels()), ""},
		{"wrong", images(), "want " + file.SHA256},
		{"wrong compressed", gz([]byte("other")), "its content (5 bytes) has SHA-256 d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, want " + file.SHA256},
		{"empty", nil, "(0 bytes)"},
		{"bomb", gz(make([]byte, 1<<20)), "more than the 2008 bytes"},
		{"cut", gz(labels())[:20], "unexpected EOF"},
		{"gzip header", []byte("\x1f\x8bxxxxxxxxxxxx"), "gzip header"},
		{"trailing", append(gz(labels()), "tail tail tail"...), "gzip"},
	} {
		content, err := file.open(c.stored)
		if c.want == "" {
			if err != nil || !cmp.Equal(content, labels()) {
				t.Errorf("%s: %v", c.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

func TestOutputsErrors(t *testing.T) {
	for _, c := range []struct {
		name           string
		images, labels []byte
		objects        int
		want           string
	}{
		{"images", []byte("x"), labels(), 3, "data set toy: images: idx: "},
		{"labels", images(), []byte("x"), 3, "data set toy: labels: idx: "},
		{"few", images(), labels(), objects + 1, "want the first 2001 objects, the file has 2000"},
		{"exchanged", labels(), images(), 3, "images have dimensions [3] and labels [3 2 3]"},
	} {
		p := toyParams()
		p.Objects = c.objects
		if _, err := outputs(p, toy(), contents{"train-images-idx3-ubyte": c.images, "train-labels-idx1-ubyte": c.labels}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

// FuzzOpen: no stored bytes give a content other than the one with the digest.
func FuzzOpen(f *testing.F) {
	file := toy().Files[0]
	f.Add(labels())
	f.Add(gz(labels()))
	f.Add(gz(make([]byte, 1<<16)))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, stored []byte) {
		content, err := file.open(stored)
		if (err == nil) != cmp.Equal(content, labels()) {
			t.Errorf("%d bytes, error %v", len(content), err)
		}
	})
}
