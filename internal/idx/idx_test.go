package idx

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const cube = "\x00\x00\x08\x03\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x02abcdef"

func TestDecode(t *testing.T) {
	a, err := Decode([]byte(cube))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Array{Dims: []int{3, 1, 2}, Data: []byte("abcdef")}, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	two, err := a.First(2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Array{Dims: []int{2, 1, 2}, Data: []byte("abcd")}, two); diff != "" {
		t.Errorf("first two (-want +got):\n%s", diff)
	}
	if two.ObjectSize() != 2 || a.Dims[0] != 3 {
		t.Errorf("object size %d, dims of the whole %v", two.ObjectSize(), a.Dims)
	}
	for _, n := range []int{-1, 4} {
		if _, err := a.First(n); err == nil || !strings.Contains(err.Error(), "the file has 3") {
			t.Errorf("First(%d): %v", n, err)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"gzip", "\x1f\x8b\x08\x00", "compressed with gzip"},
		{"nothing", "", "truncated in its magic number"},
		{"html", "<!DOCTYPE html>", "begins with 3c 21 44 4f"},
		{"int32", "\x00\x00\x0c\x01\x00\x00\x00\x00", "elements are int32"},
		{"unknown", "\x00\x00\x07\x01\x00\x00\x00\x00", "element type 0x07"},
		{"no dimensions", "\x00\x00\x08\x00a", "0 dimensions"},
		{"many dimensions", "\x00\x00\x08\x09", "9 dimensions"},
		{"cut dimensions", cube[:15], "truncated in its 3 dimensions"},
		{"truncated", cube[:len(cube)-1], "dimensions [3 1 2] need 6 bytes, 5 are there"},
		{"trailing", cube + "gh", "2 trailing bytes after the 6"},
		{"large", "\x00\x00\x08\x01\xff\xff\xff\xff", "too large"},
		{"overflow", "\x00\x00\x08\x03" + strings.Repeat("\x7f\xff\xff\xff", 3), "too large"},
		{"overflow of no objects", "\x00\x00\x08\x04\x00\x00\x00\x00" + strings.Repeat("\x7f\xff\xff\xff", 3), "too large"},
	} {
		_, err := Decode([]byte(c.file))
		if err == nil || !strings.HasPrefix(err.Error(), "idx: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

// FuzzDecode: what decodes has exactly the bytes of its dimensions, and so
// have its first objects.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(cube))
	f.Add([]byte("\x00\x00\x08\x01\x00\x00\x00\x02ab"))
	f.Add([]byte("\x00\x00\x08\x02\x00\x00\x00\x00\x00\x00\x00\x05"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			return
		}
		for _, n := range []int{0, a.Dims[0] / 2, a.Dims[0]} {
			first, err := a.First(n)
			if err != nil {
				t.Fatal(err)
			}
			if len(first.Data) != n*a.ObjectSize() || first.Dims[0] != n {
				t.Fatalf("first %d of %v: %d bytes, dims %v", n, a.Dims, len(first.Data), first.Dims)
			}
		}
		if a.ObjectSize() < 0 || len(a.Data) != a.Dims[0]*a.ObjectSize() {
			t.Fatalf("dims %v with %d bytes", a.Dims, len(a.Data))
		}
	})
}
