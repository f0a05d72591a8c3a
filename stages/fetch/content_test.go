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
		for _, f := range []File{d.Images, d.Labels} {
			if b, err := hex.DecodeString(f.SHA256); err != nil || len(b) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
				t.Errorf("%s: %s: digest %q", d.Name, f.Name, f.SHA256)
			}
			if f.Download <= 0 || f.Download > f.transferLimit() {
				t.Errorf("%s: %s: %d bytes to download", d.Name, f.Name, f.Download)
			}
		}
		if want := int64(16 + d.Objects*d.InputSize); d.Images.Size != want {
			t.Errorf("%s: images have %d bytes, want %d", d.Name, d.Images.Size, want)
		}
		if want := int64(8 + d.Objects); d.Labels.Size != want {
			t.Errorf("%s: labels have %d bytes, want %d", d.Name, d.Labels.Size, want)
		}
		for _, m := range d.Mirrors {
			if !strings.HasPrefix(m, "https://") || !strings.HasSuffix(m, "/") {
				t.Errorf("%s: mirror %q", d.Name, m)
			}
		}
		if !slices.Contains(d.Folders, d.Name) {
			t.Errorf("%s: the advice of SourceError names a folder that is not looked in", d.Name)
		}
		if d.Title == "" || d.Classes < 2 || d.Origin == "" || d.Licence == "" || len(d.Mirrors) == 0 {
			t.Errorf("%s: incomplete: %+v", d.Name, d)
		}
	}
	if !seen["mnist"] || !seen["fashion_mnist"] {
		t.Errorf("catalogue has %v", seen)
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
		{func(p *Params) { p.ImagesSHA256 = "" }, `images_sha256 ""`},
		{func(p *Params) { p.LabelsSHA256 = strings.ToUpper(p.LabelsSHA256) }, "lower-case"},
		{func(p *Params) { p.LabelsSHA256 = p.LabelsSHA256[:62] }, "64"},
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
	file := toy().Labels
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
		if _, err := outputs(p, c.images, c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

// FuzzOpen: no stored bytes give a content other than the one with the digest.
func FuzzOpen(f *testing.F) {
	file := toy().Labels
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
