package userfiles

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// source is a file of the tests.
func source(content []byte) Source { return Source{"file", content} }

// idxFile has three objects of 1×2 bytes.
const idxFile = "\x00\x00\x08\x03\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\xff\x01\x02\x03\x04"

func idxLabels(y ...byte) []byte {
	return append([]byte{0, 0, 8, 1, 0, 0, 0, byte(len(y))}, y...)
}

// cifarFile has two objects with one or two label bytes each.
func cifarFile(labels ...string) []byte {
	var b []byte
	for i, y := range labels {
		b = append(append(b, y...), slices.Repeat([]byte{byte(i + 1)}, 3072)...)
	}
	return b
}

func TestReadDataset(t *testing.T) {
	floats := npy.Encode([]int{3, 2}, []float64{0, 5, 1, 5, 2, 5})
	for _, c := range []struct {
		name           string
		p              DatasetParams
		inputs, labels []byte
		images         []byte
		classes        []int64
	}{
		{"npy", DatasetParams{}, floats, npy.Encode([]int{3}, []int64{0, 2, 1}), npy.Encode([]int{2, 2}, []float32{0, 5, 1, 5}), []int64{0, 2}},
		{"float32", DatasetParams{}, npy.Encode([]int{2, 1}, []float32{0.1, 0.5}), npy.Encode([]int{2}, []float32{1, 2}), npy.Encode([]int{2, 1}, []float32{0.1, 0.5}), []int64{1, 2}},
		{"images", DatasetParams{}, npy.Encode([]int{2, 1, 2}, []uint8{0, 1, 2, 255}), idxLabels(1, 2), npy.Encode([]int{2, 2}, []uint8{0, 1, 2, 255}), []int64{1, 2}},
		{"bytes as they are", DatasetParams{Scaling: Unscaled}, npy.Encode([]int{2, 1}, []uint8{3, 255}), idxLabels(1, 2), npy.Encode([]int{2, 1}, []float32{3, 255}), []int64{1, 2}},
		{"integers as pixels", DatasetParams{Scaling: Pixels}, npy.Encode([]int{2, 1}, []int64{3, 255}), idxLabels(1, 2), npy.Encode([]int{2, 1}, []uint8{3, 255}), []int64{1, 2}},
		{"standard", DatasetParams{Scaling: Standard}, floats, idxLabels(0, 1, 2), npy.Encode([]int{2, 2}, []float32{-1, 0, 1, 0}), []int64{0, 1}},
		{"one-hot", DatasetParams{}, floats, npy.Encode([]int{3, 3}, []uint8{0, 0, 1, 1, 0, 0, 0, 1, 0}), npy.Encode([]int{2, 2}, []float32{0, 5, 1, 5}), []int64{2, 0}},
		{"idx", DatasetParams{Format: "idx"}, []byte(idxFile), idxLabels(0, 1, 2), npy.Encode([]int{2, 2}, []uint8{0, 255, 1, 2}), []int64{0, 1}},
		{"csv", DatasetParams{}, []byte("a,b,class\n1,2,0\n3,4e-1,2\n"), nil, npy.Encode([]int{2, 2}, []float32{1, 2, 3, 0.4}), []int64{0, 2}},
		{"csv of others", DatasetParams{}, []byte("\ufeff1; \"2\"\r\n3;4\r\n"), []byte("label\n1\n0\n"), npy.Encode([]int{2, 2}, []float32{1, 2, 3, 4}), []int64{1, 0}},
		{"tabs", DatasetParams{Format: "csv"}, []byte("1\t2\t1\n3\t4\t1.0"), nil, npy.Encode([]int{2, 2}, []float32{1, 2, 3, 4}), []int64{1, 1}},
		{"cifar10", DatasetParams{Format: "cifar10"}, cifarFile("\x02", "\x00"), nil, npy.Encode([]int{2, 3072}, append(slices.Repeat([]uint8{1}, 3072), slices.Repeat([]uint8{2}, 3072)...)), []int64{2, 0}},
		{"cifar100", DatasetParams{Format: "cifar100"}, cifarFile("\x09\x02", "\x08\x00"), nil, npy.Encode([]int{2, 3072}, append(slices.Repeat([]uint8{1}, 3072), slices.Repeat([]uint8{2}, 3072)...)), []int64{2, 0}},
	} {
		if c.p.Format == "" {
			c.p.Format = auto
		}
		if c.p.Scaling == "" {
			c.p.Scaling = auto
		}
		c.p.Classes, c.p.Objects = 3, 2
		labels := Source{}
		if c.labels != nil {
			labels = Source{"labels", c.labels}
		}
		d, err := ReadDataset(t.Context(), c.p, source(c.inputs), labels)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		out, err := d.Run(t.Context(), d.Params, task.New(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string][]byte{Images: c.images, Labels: npy.Encode([]int{2}, c.classes)}, out); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, diff)
		}
		if len(d.Params.Inputs) != 64 || (d.Params.Labels == "") != (c.labels == nil) {
			t.Errorf("%s: digests %q and %q", c.name, d.Params.Inputs, d.Params.Labels)
		}
	}
}

func TestReadDatasetErrors(t *testing.T) {
	x, y := npy.Encode([]int{2, 2}, []float64{1, 2, 3, 4}), npy.Encode([]int{2}, []int64{0, 1})
	for _, c := range []struct {
		name           string
		p              DatasetParams
		inputs, labels []byte
		want, hint     string
	}{
		{"few objects", DatasetParams{Objects: 5}, x, y, "file: it has 2 objects, but data.objects is 5", "write objects = 2 in [data]"},
		{"no objects", DatasetParams{}, npy.Encode([]int{0, 2}, []float64{}), y, "file: it has no values", ""},
		{"one dimension", DatasetParams{}, npy.Encode([]int{4}, []float64{1, 2, 3, 4}), y, "array of shape (4): want objects × values", "reshape"},
		{"label too large", DatasetParams{}, x, npy.Encode([]int{2}, []int64{0, 3}), "labels: the label of object 1 is 3: want 0 … 2", "labels that count from 1"},
		{"label negative", DatasetParams{}, x, npy.Encode([]int{2}, []int64{0, -1}), "labels: the label of object 1 is -1", "labels run from 0 to 2"},
		{"label fractional", DatasetParams{}, x, npy.Encode([]int{2}, []float64{0, 0.5}), "the label of object 1 is 0.5: want a whole number", ""},
		{"label not a number", DatasetParams{}, x, npy.Encode([]int{2}, []float64{0, math.NaN()}), "the label of object 1 is NaN", ""},
		{"few labels", DatasetParams{}, x, npy.Encode([]int{1}, []int64{0}), "labels: the number of labels is 1, but file has 2 objects", ""},
		{"no labels", DatasetParams{}, x, nil, "file: it has no labels", `labels = "PATH"`},
		{"labels twice", DatasetParams{Format: "cifar10"}, cifarFile("\x00", "\x01"), y, "its format has the labels beside the objects", "leave labels out"},
		{"one-hot of others", DatasetParams{}, x, npy.Encode([]int{2, 2}, []uint8{0, 1, 1, 0}), "labels of 2 columns: one-hot rows would have 3, one per class", ""},
		{"infinite", DatasetParams{}, npy.Encode([]int{2, 2}, []float64{1, 2, 3, math.Inf(1)}), y, "object 1, value 1 is +Inf: want finite values", ""},
		{"beyond float32", DatasetParams{}, npy.Encode([]int{2, 1}, []float64{1, -1e39}), y, "object 1, value 0 is -1e+39, more than a float32 holds", "standard"},
		{"beyond all scaling", DatasetParams{Scaling: Standard}, npy.Encode([]int{2, 1}, []float64{1.5e308, 1.5e308}), y, "the values of column 0 are too large", ""},
		{"no pixels", DatasetParams{Scaling: Pixels}, x[:len(x)-1], y, "truncated", "ends too early"},
		{"fractional pixels", DatasetParams{Scaling: Pixels}, npy.Encode([]int{2, 1}, []float64{1, 0.5}), y, `object 1, value 0 is 0.5: scaling = "pixels" wants whole numbers`, "standard"},
		{"large pixels", DatasetParams{Scaling: Pixels}, npy.Encode([]int{2, 1}, []int64{1, 256}), y, `object 1, value 0 is 256`, ""},
		{"trailing", DatasetParams{}, append(slices.Clone(x), 0), y, "1 trailing bytes", ""},
		{"idx cut", DatasetParams{}, []byte(idxFile[:20]), y, "file is truncated", ""},
		{"idx of floats", DatasetParams{}, []byte("\x00\x00\x0d\x01\x00\x00\x00\x00"), y, "only unsigned bytes", ""},
		{"images for labels", DatasetParams{}, x, []byte(idxFile), "labels: each of its 3 entries has 2 values", ""},
		{"cifar cut", DatasetParams{Format: "cifar10"}, cifarFile("\x00", "\x01")[:4000], nil, "927 bytes follow the 1 whole records", ""},
		{"cifar empty", DatasetParams{Format: "cifar10"}, nil, nil, "the file has 0", ""},
		{"unknown", DatasetParams{}, cifarFile("\x07", "\x01"), nil, "its format is not known", `format = "cifar10"`},
		{"empty", DatasetParams{}, nil, y, "it is empty: want npy, idx, csv", ""},
		{"zip", DatasetParams{}, []byte("PK\x03\x04...."), y, "it is a zip archive", "numpy.load"},
		{"gzip", DatasetParams{Format: "idx"}, []byte("\x1f\x8b...."), y, "it is a file compressed with gzip", "gunzip"},
		{"other format", DatasetParams{Format: "csv"}, x, y, "it is a .npy array: want csv", ""},
		{"JSON", DatasetParams{}, []byte(`{"a": 1}`), y, "it is JSON text", ""},
		{"csv ragged", DatasetParams{}, []byte("1,2,0\n3,1\n"), nil, "line 2 has 2 values, the lines before it have 3", ""},
		{"csv heading with numbers", DatasetParams{}, []byte("0,1,class\n3,4,1\n"), nil, `line 1: the label "class" is not a number`, "number the classes"},
		{"csv text", DatasetParams{}, []byte("1,2,0\n3,x,1\n"), nil, `line 2, value 2 is "x": want a finite number`, ""},
		{"csv infinite", DatasetParams{}, []byte("1,2,0\n3,inf,1\n"), nil, `line 2, value 2 is "inf": want a finite number`, ""},
		{"csv named classes", DatasetParams{}, []byte("1,2,0\n3,4,cat\n"), nil, `line 2: the label "cat" is not a number`, "number the classes"},
		{"csv fractional class", DatasetParams{}, []byte("1,2,0\n3,4,0.5\n"), nil, "the label of object 1, in the last column, is 0.5", ""},
		{"csv of labels alone", DatasetParams{}, []byte("1\n2\n"), nil, "line 1 has one value", `labels = "PATH"`},
		{"csv quotes", DatasetParams{}, []byte("1,2,0\n\"3,4,1\n"), nil, "parse error on line 2", ""},
		{"csv heading alone", DatasetParams{}, []byte("a,b,c\n"), nil, "it has no lines of numbers", ""},
		{"several labels per line", DatasetParams{}, x, []byte("0,1\n1,2\n"), "labels: each line has 2 values", ""},
	} {
		if c.p.Format == "" {
			c.p.Format = auto
		}
		if c.p.Scaling == "" {
			c.p.Scaling = auto
		}
		if c.p.Objects == 0 {
			c.p.Objects = 2
		}
		c.p.Classes = 3
		labels := Source{}
		if c.labels != nil {
			labels = Source{"labels", c.labels}
		}
		_, err := ReadDataset(t.Context(), c.p, source(c.inputs), labels)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: error %v does not hold %q; hint %q", c.name, err, c.want, c.hint)
		}
	}
}

func TestReadFeatures(t *testing.T) {
	p := FeatureParams{Scaling: Unscaled, Objects: 2}
	f, err := ReadFeatures(t.Context(), p, source(npy.Encode([]int{3, 1}, []float32{1, 2, 3})))
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Run(t.Context(), f.Params, task.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]byte{Images: npy.Encode([]int{2, 1}, []float32{1, 2})}, out); diff != "" || f.Width != 1 {
		t.Errorf("width %d, (-want +got):\n%s", f.Width, diff)
	}
	for want, content := range map[string][]byte{
		"it has 1 objects, but data.objects is 2": npy.Encode([]int{1, 1}, []float64{1}),
		"object 0, value 1 is NaN":                npy.Encode([]int{2, 2}, []float64{1, math.NaN(), 1, 1}),
		"it is text: want npy":                    []byte("1,2\n3,4\n"),
	} {
		if _, err := ReadFeatures(t.Context(), p, source(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not hold %q", err, want)
		}
	}
}

// FuzzReadDataset: whatever is accepted has finite values, one row per object, and
// labels of the classes.
func FuzzReadDataset(f *testing.F) {
	f.Add(npy.Encode([]int{3, 2}, []float64{0, 5, 1, 5, 2, 5}), npy.Encode([]int{3}, []int64{0, 2, 1}), uint8(0), uint8(0))
	f.Add([]byte(idxFile), idxLabels(0, 1, 2), uint8(2), uint8(3))
	f.Add([]byte("a,b,class\n1,2,0\n3,4e-1,2\n"), []byte{}, uint8(3), uint8(3))
	f.Add(cifarFile("\x02", "\x00"), []byte{}, uint8(4), uint8(1))
	f.Fuzz(func(t *testing.T, inputs, labels []byte, format, scaling uint8) {
		p := DatasetParams{
			Format: Formats()[int(format)%len(Formats())], Scaling: Scalings()[int(scaling)%len(Scalings())], Classes: 3, Objects: 2,
		}
		file := Source{}
		if len(labels) > 0 {
			file = Source{"labels", labels}
		}
		d, err := ReadDataset(t.Context(), p, source(inputs), file)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is no *Error", err)
			}
			return
		}
		a, err := npy.Decode(d.outputs[Images])
		if err != nil || !slices.Equal(a.Shape, []int{2, d.Width}) {
			t.Fatalf("images %v, %v", a.Shape, err)
		}
		if values, err := a.Float64s(); err == nil {
			for _, x := range values {
				if math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
					t.Fatalf("value %v", x)
				}
			}
		}
		y, err := npy.Decode(d.outputs[Labels])
		if err != nil {
			t.Fatal(err)
		}
		classes, err := y.Int64s()
		if err != nil || len(classes) != 2 || slices.Min(classes) < 0 || slices.Max(classes) > 2 {
			t.Fatalf("labels %v, %v", classes, err)
		}
	})
}
