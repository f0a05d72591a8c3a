package cifar

import (
	"bytes"
	"strings"
	"testing"
)

// file has n objects: object i has the labels 10i, 10i+1, … and pixels that
// begin with i.
func file(labelBytes, n int) []byte {
	var b []byte
	for i := range n {
		for j := range labelBytes {
			b = append(b, byte(10*i+j))
		}
		pixels := make([]byte, Pixels)
		pixels[0], pixels[Pixels-1] = byte(i), byte(i+100)
		b = append(b, pixels...)
	}
	return b
}

func TestDecode(t *testing.T) {
	for labelBytes := 1; labelBytes <= 2; labelBytes++ {
		images, labels, err := Decode(file(labelBytes, 3), labelBytes, 2)
		if err != nil {
			t.Fatal(err)
		}
		if want := []byte{byte(labelBytes - 1), byte(10 + labelBytes - 1)}; !bytes.Equal(labels, want) {
			t.Errorf("labels %v, want %v", labels, want)
		}
		if len(images) != 2*Pixels || images[Pixels] != 1 || images[2*Pixels-1] != 101 {
			t.Errorf("%d pixels, the second image begins with %d", len(images), images[Pixels])
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		n    int
		want string
	}{
		{"empty", nil, 1, "want the first 1 objects, the file has 0"},
		{"few", file(1, 2), 3, "want the first 3 objects, the file has 2"},
		{"none wanted", file(1, 2), 0, "want the first 0 objects"},
		{"truncated", file(1, 2)[:4000], 1, "927 bytes follow the 1 whole records of 3073 bytes (1 of labels, 3072 of pixels)"},
		{"of two labels", file(2, 2), 1, "2 bytes follow the 2 whole records"},
		{"gzip", []byte("\x1f\x8b\x08"), 1, "compressed with gzip"},
	} {
		if _, _, err := Decode(c.b, 1, c.n); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not hold %q", c.name, err, c.want)
		}
	}
}

// FuzzDecode: what decodes has n images and labels, and they are the bytes of
// the file.
func FuzzDecode(f *testing.F) {
	f.Add(file(1, 2), false, 2)
	f.Add(file(2, 2), true, 1)
	f.Add(file(1, 1)[:100], false, 1)
	f.Fuzz(func(t *testing.T, b []byte, two bool, n int) {
		labelBytes := 1
		if two {
			labelBytes = 2
		}
		images, labels, err := Decode(b, labelBytes, n)
		if err != nil {
			return
		}
		if len(images) != n*Pixels || len(labels) != n {
			t.Fatalf("%d pixels and %d labels of %d objects", len(images), len(labels), n)
		}
		last := b[(n-1)*RecordSize(labelBytes):][:RecordSize(labelBytes)]
		if labels[n-1] != last[labelBytes-1] || !bytes.Equal(images[(n-1)*Pixels:], last[labelBytes:]) {
			t.Fatal("the last object is not that of the file")
		}
	})
}
