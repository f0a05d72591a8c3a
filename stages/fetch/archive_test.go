package fetch

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/cifar"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// batch is a file of ten objects in CIFAR's format; object i has label i and
// pixels that compress badly.
func batch(seed byte) []byte {
	var b []byte
	state := uint32(seed)
	for i := range 10 {
		b = append(b, byte(i))
		for range cifar.Pixels {
			state = state*1664525 + 1013904223
			b = append(b, byte(state>>24))
		}
	}
	return b
}

// entry is a file of an archive; without a type a regular one.
type entry struct {
	name    string
	content []byte
	kind    byte
}

func tarGz(entries ...entry) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.kind != 0 {
			h.Typeflag, h.Linkname = e.kind, "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if _, err := w.Write(e.content); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return gz(b.Bytes())
}

// published is the archive as the mirrors have it.
func published() []byte {
	return tarGz(
		entry{name: "colours-bin/", kind: tar.TypeDir},
		entry{name: "colours-bin/readme.html", content: []byte("<html>")},
		entry{name: "colours-bin/batch_2.bin", content: batch(2)},
		entry{name: "colours-bin/batch_1.bin", content: batch(1)},
		entry{name: "colours-bin/test.bin", content: batch(3)},
	)
}

// colours is the catalogue's entry for a data set in an archive.
func colours(mirrors ...string) Dataset {
	whole := published()
	sum := md5.Sum(whole)
	d := Dataset{
		Name: "colours", Classes: 10, InputSize: cifar.Pixels, Objects: 20, LabelBytes: 1,
		Archive: &Archive{
			Name: "colours.tar.gz", MD5: hex.EncodeToString(sum[:]), Size: int64(len(whole)), Unpacked: 100 << 10, Folder: "colours-bin",
		},
		Folders: []string{"colours"},
		Mirrors: mirrors,
	}
	for i := range 2 {
		content := batch(byte(i + 1))
		d.Files = append(d.Files, File{Name: []string{"batch_1.bin", "batch_2.bin"}[i], Also: []string{[]string{"one.bin", "two.bin"}[i]}, SHA256: digest(content), Size: int64(len(content))})
	}
	return d
}

func coloursParams(objects int) Params {
	p := Params{Dataset: "colours", Objects: objects}
	for _, f := range colours().Needed(objects) {
		p.SHA256 = append(p.SHA256, f.SHA256)
	}
	return p
}

// runColours fetches the first objects, expects what they are, and returns the log.
func runColours(t *testing.T, f *Fetcher, objects int) string {
	t.Helper()
	out, log, err := try(t, f, coloursParams(objects))
	if err != nil {
		t.Fatalf("%v\nlog:\n%s", err, log)
	}
	images, labels, err := cifar.Decode(append(batch(1), batch(2)...), 1, objects)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{Images: npy.Encode([]int{objects, cifar.Pixels}, images), Labels: npy.Encode([]int{objects}, labels)}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error("the outputs are not the first objects of the batches")
	}
	return log
}

// TestArchive: the archive is downloaded once, resumed if it is cut, kept, and
// serves as a local folder.
func TestArchive(t *testing.T) {
	s := serveFiles(t, map[string][]byte{"/colours.tar.gz": published()}, func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n == 0 {
			cut(w, content, 9000)
		}
		return false
	})
	f := fetcher(colours(s.URL + "/"))
	f.CacheDir = t.TempDir()
	has(t, runColours(t, f, 15), "colours: batch_1.bin from "+s.URL, "colours: batch_2.bin from "+s.URL)
	if got := s.seen(); !strings.HasPrefix(got, "/colours.tar.gz, /colours.tar.gz bytes=") || strings.Count(got, ",") != 1 {
		t.Errorf("requests: %s", got)
	}
	entries, err := os.ReadDir(filepath.Join(f.CacheDir, "colours"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "colours.tar.gz" {
		t.Errorf("downloads: %v, %v", entries, err)
	}

	f.Offline = true
	has(t, runColours(t, f, 3), "colours: batch_1.bin from earlier downloads in "+filepath.Join(f.CacheDir, "colours"))
	f.DataDir, f.CacheDir = f.CacheDir, ""
	has(t, runColours(t, f, 20), "colours: batch_2.bin from local folder ")

	// A damaged download is removed and made again.
	f.DataDir, f.CacheDir, f.Offline = "", f.DataDir, false
	write(t, filepath.Join(f.CacheDir, "colours", "colours.tar.gz"), published()[:5000])
	has(t, runColours(t, f, 20), "colours.tar.gz: it (5000 bytes) has MD5 ", "removed", "batch_2.bin from "+s.URL)
}

// TestArchiveFolder: what lies in a local folder is accepted by content, as a
// file under each of its names or in an archive that need not be the published one.
func TestArchiveFolder(t *testing.T) {
	again := tarGz(entry{name: "./colours-bin/batch_1.bin", content: batch(1)}, entry{name: "./colours-bin/batch_2.bin", content: batch(2)})
	for _, c := range []struct {
		name  string
		files map[string][]byte
	}{
		{"members", map[string][]byte{"batch_1.bin": batch(1), "colours/batch_2.bin.gz": gz(batch(2))}},
		{"other names", map[string][]byte{"colours/one.bin": batch(1), "two.bin": batch(2)}},
		{"archive", map[string][]byte{"colours/colours.tar.gz": published()}},
		{"another archive", map[string][]byte{"colours.tar.gz": again}},
		{"a damaged archive above", map[string][]byte{"colours/colours.tar.gz": []byte("x"), "colours.tar.gz": again}},
		{"one by itself", map[string][]byte{"batch_1.bin": []byte("x"), "batch_2.bin": batch(2), "colours.tar.gz": again}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fetcher(colours())
			f.DataDir = t.TempDir()
			for name, content := range c.files {
				write(t, filepath.Join(f.DataDir, filepath.FromSlash(name)), content)
			}
			runColours(t, f, 20)
			if f.Local(colours(), 20) == "" {
				t.Error("Local finds nothing")
			}
		})
	}

	f := fetcher(colours())
	f.DataDir = t.TempDir()
	_, _, err := try(t, f, coloursParams(20))
	if err == nil {
		t.Fatal("no error")
	}
	has(t, err.Error(), "batch_1.bin: not there, plain, as .gz or in colours.tar.gz, at its top or in colours",
		"get colours.tar.gz, put it into FOLDER/colours and run again")
	if path := f.Local(colours(), 20); path != "" {
		t.Errorf("Local finds %s", path)
	}
}

// TestInstalled: a package of the system is found without being named.
func TestInstalled(t *testing.T) {
	d := toy()
	d.Installed = t.TempDir()
	write(t, filepath.Join(d.Installed, "train-images-idx3-ubyte.gz"), gz(images()))
	write(t, filepath.Join(d.Installed, "train-labels-idx1-ubyte.gz"), gz(labels()))
	has(t, run(t, fetcher(d)), "toy: train-images-idx3-ubyte from package of the system in "+d.Installed)
}

// hostile are archives that are refused, with what the error says.
var hostile = []struct {
	name    string
	archive []byte
	want    string
}{
	{"empty", nil, "gzip header: EOF"},
	{"not gzip", []byte("PK\x03\x04 and so on"), "gzip header"},
	{"no tar", gz([]byte(strings.Repeat("no tar at all ", 100))), "reading the archive"},
	{"cut", published()[:30000], "unexpected EOF"},
	{"no members", tarGz(entry{name: "colours-bin/test.bin", content: batch(3)}), `it lacks ["colours-bin/batch_1.bin" "colours-bin/batch_2.bin"]`},
	{"another folder", tarGz(entry{name: "batch_1.bin", content: batch(1)}), "it lacks"},
	{"path out of it", tarGz(entry{name: "../batch_1.bin", content: batch(1)}), `entry "../batch_1.bin" leads out of the archive`},
	{"path through it", tarGz(entry{name: "colours-bin/../../x", content: batch(1)}), "leads out of the archive"},
	{"absolute path", tarGz(entry{name: "/colours-bin/batch_1.bin", content: batch(1)}), "leads out of the archive"},
	{"symbolic link", tarGz(entry{name: "colours-bin/batch_1.bin", kind: tar.TypeSymlink}), "is a link or another special file"},
	{"hard link", tarGz(entry{name: "colours-bin/x", kind: tar.TypeLink}), "is a link or another special file"},
	{"pipe", tarGz(entry{name: "colours-bin/batch_1.bin", kind: tar.TypeFifo}), "is a link or another special file"},
	{"device", tarGz(entry{name: "colours-bin/x", kind: tar.TypeChar}), "is a link or another special file"},
	{"short member", tarGz(entry{name: "colours-bin/batch_1.bin", content: batch(1)[:3073]}), `entry "colours-bin/batch_1.bin" has 3073 bytes, want 30730`},
	{"long member", tarGz(entry{name: "colours-bin/batch_1.bin", content: append(batch(1), 0)}), "has 30731 bytes, want 30730"},
	{"other member", tarGz(entry{name: "colours-bin/batch_1.bin", content: batch(9)}), `entry "colours-bin/batch_1.bin" has SHA-256 `},
	{"member twice", tarGz(entry{name: "colours-bin/batch_1.bin", content: batch(1)}, entry{name: "colours-bin/./batch_1.bin", content: batch(1)}), "is there twice"},
	{"bomb", tarGz(entry{name: "colours-bin/zeros", content: make([]byte, 64<<20)}, entry{name: "colours-bin/batch_1.bin", content: batch(1)}), "it decompresses to more bytes than it should have"},
	{"empty tar", tarGz(), "it lacks"},
}

func TestHostileArchives(t *testing.T) {
	d := colours()
	for _, c := range hostile {
		if _, err := d.Archive.extract(context.Background(), bytes.NewReader(c.archive), d.Files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
	many := make([]entry, 2000)
	for i := range many {
		many[i].name = "x"
	}
	a := *d.Archive
	a.Unpacked = 1 << 30
	if _, err := a.extract(context.Background(), bytes.NewReader(tarGz(many...)), d.Files); err == nil || !strings.Contains(err.Error(), "it has more than 1000 entries") {
		t.Errorf("many entries: error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.extract(ctx, bytes.NewReader(published()), d.Files); err == nil {
		t.Error("a cancelled context does not end it")
	}
}

// TestHostileMirror: what is not the published archive is never opened.
func TestHostileMirror(t *testing.T) {
	bad := serveFiles(t, map[string][]byte{"/colours.tar.gz": hostile[6].archive}, nil)
	good := serveFiles(t, map[string][]byte{"/colours.tar.gz": published()}, nil)
	has(t, runColours(t, fetcher(colours(bad.URL+"/", good.URL+"/")), 20), bad.URL+"/: colours.tar.gz: it (", "has MD5 ", "batch_1.bin from "+good.URL)
}

// FuzzExtract: no archive gives contents other than those with the digests. The
// files are small, so that many archives are tried.
func FuzzExtract(f *testing.F) {
	want := contents{"a.bin": []byte("first"), "b.bin": []byte("second")}
	a := Archive{Name: "toy.tar.gz", Unpacked: 16 << 10, Folder: "toy"}
	var files []File
	for _, name := range []string{"a.bin", "b.bin"} {
		files = append(files, File{Name: name, SHA256: digest(want[name]), Size: int64(len(want[name]))})
	}
	f.Add(tarGz(entry{name: "toy/b.bin", content: want["b.bin"]}, entry{name: "toy/", kind: tar.TypeDir}, entry{name: "toy/a.bin", content: want["a.bin"]}))
	f.Add(tarGz(entry{name: "toy/../../a.bin", content: want["a.bin"]}))
	f.Add(tarGz(entry{name: "toy/a.bin", kind: tar.TypeSymlink}))
	f.Add(tarGz(entry{name: "toy/zeros", content: make([]byte, 1<<20)}))
	f.Add(tarGz(entry{name: strings.Repeat("long/", 100) + "a.bin", content: want["a.bin"]}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		got, err := a.extract(context.Background(), bytes.NewReader(archive), files)
		if err == nil && !cmp.Equal(got, want) {
			t.Error("contents with other digests")
		}
	})
}
