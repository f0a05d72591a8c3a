package userfiles

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// How the values of objects reach the networks.
const (
	// auto scales bytes as Pixels does and leaves other values as they are.
	auto = "auto"
	// Unscaled leaves values as they are.
	Unscaled = "none"
	// Pixels takes u of 0 … 255 to (u/255 − 0.5)/0.5, as the paper does.
	Pixels = "pixels"
	// Standard takes from each value the mean of its column over the objects that
	// are read, and divides by the standard deviation. A constant column becomes 0.
	Standard = "standard"
)

// Scalings lists the ways of scaling.
func Scalings() []string { return []string{auto, Unscaled, Pixels, Standard} }

// DatasetParams identify a data set of the user's by its content, and say how it
// is read.
type DatasetParams struct {
	Inputs, Labels string // SHA-256 of the files in hexadecimal; Labels is empty where Inputs has the labels too
	Format         string // of Inputs, one of Formats
	Scaling        string // one of Scalings
	Classes        int    // labels run from 0 to Classes-1
	Objects        int    // how many of the first objects to take
}

// Dataset is a data set of the user's after it was checked.
type Dataset struct {
	Width   int // values of one object
	Params  DatasetParams
	outputs map[string][]byte
}

// ReadDataset checks the files and takes the first p.Objects objects. Where
// labels.Name is empty, the file of the inputs has the labels too: CIFAR's formats
// beside each object, CSV in the last column. A mistake in a file is an *[Error].
func ReadDataset(ctx context.Context, p DatasetParams, inputs, labels Source) (Dataset, error) {
	t, err := readTable(inputs, p.Format, labels.Name == "")
	if err != nil {
		return Dataset{}, inputs.wrong(err)
	}
	named := inputs // the file that has the labels
	if labels.Name != "" {
		if t.labels != nil {
			return Dataset{}, inputs.wrong(mistake("leave labels out of the params", "its format has the labels beside the objects, but labels names %s", labels.Name))
		}
		named = labels
		if t.labels, err = readClasses(labels, p.Classes); err != nil {
			return Dataset{}, labels.wrong(err)
		}
		if len(t.labels) != t.objects {
			return Dataset{}, labels.wrong(mistake("", "the number of labels is %d, but %s has %d objects", len(t.labels), inputs.Name, t.objects))
		}
	}
	if t.labels == nil {
		return Dataset{}, inputs.wrong(mistake(`name their file: labels = "PATH"`, "it has no labels"))
	}
	if err := checkClasses(t.labels, p.Classes); err != nil {
		return Dataset{}, named.wrong(err)
	}
	if err := context.Cause(ctx); err != nil {
		return Dataset{}, err
	}
	matrix, err := t.encode(p.Objects, p.Scaling)
	if err != nil {
		return Dataset{}, inputs.wrong(err)
	}
	if p.Inputs, err = inputs.digest(ctx); err != nil {
		return Dataset{}, err
	}
	if labels.Name != "" {
		if p.Labels, err = labels.digest(ctx); err != nil {
			return Dataset{}, err
		}
	}
	return Dataset{t.width, p, map[string][]byte{Images: matrix, Labels: npy.Encode([]int{p.Objects}, t.labels[:p.Objects])}}, nil
}

// Run writes Images and Labels.
func (d Dataset) Run(context.Context, DatasetParams, *task.Task) (map[string][]byte, error) {
	if d.outputs == nil {
		return nil, errors.New("no files were read")
	}
	return maps.Clone(d.outputs), nil
}

// FeatureParams identify features of the user's by their content, and say how
// they are read.
type FeatureParams struct {
	File    string // SHA-256 in hexadecimal
	Scaling string // Unscaled or Standard
	Objects int    // how many of the first objects to take
}

// Features are those of the objects of a data set, after they were checked.
type Features struct {
	Width   int // values of one object
	Params  FeatureParams
	outputs map[string][]byte
}

// ReadFeatures checks a .npy file of N×d numbers and takes the first p.Objects
// rows. A mistake in the file is an *[Error].
func ReadFeatures(ctx context.Context, p FeatureParams, file Source) (Features, error) {
	t, err := readTable(file, "npy", false)
	if err != nil {
		return Features{}, file.wrong(err)
	}
	matrix, err := t.encode(p.Objects, p.Scaling)
	if err != nil {
		return Features{}, file.wrong(err)
	}
	if p.File, err = file.digest(ctx); err != nil {
		return Features{}, err
	}
	return Features{t.width, p, map[string][]byte{Images: matrix}}, nil
}

// Run writes Images.
func (f Features) Run(context.Context, FeatureParams, *task.Task) (map[string][]byte, error) {
	if f.outputs == nil {
		return nil, errors.New("no files were read")
	}
	return maps.Clone(f.outputs), nil
}

// checkClasses reports the first label that is not one of 0 … classes−1.
func checkClasses(labels []int64, classes int) error {
	for i, y := range labels {
		if y >= 0 && y < int64(classes) {
			continue
		}
		hint := fmt.Sprintf("classes = %d says that labels run from 0 to %d", classes, classes-1)
		if y == int64(classes) {
			hint += "; labels that count from 1 have to be made to count from 0"
		}
		return mistake(hint, "the label of object %d is %d: want 0 … %d", i, y, classes-1)
	}
	return nil
}

// table is what a file of objects holds: bytes or numbers, one row per object.
type table struct {
	objects, width int
	bytes          []uint8
	values         []float64
	labels         []int64 // nil if the file has none
}

// encode writes the first n objects, scaled, as a .npy matrix: of bytes where the
// networks see pixels, else of float32, in which they are trained.
func (t *table) encode(n int, scaling string) ([]byte, error) {
	switch {
	case t.objects < 1 || t.width < 1:
		return nil, mistake("", "it has %d objects of %d values: want at least one of each", t.objects, t.width)
	case t.objects < n:
		return nil, mistake(fmt.Sprintf("write objects = %d in [data]", t.objects), "it has %d objects, but data.objects is %d", t.objects, n)
	}
	count := n * t.width
	if scaling == auto {
		if scaling = Unscaled; t.bytes != nil {
			scaling = Pixels
		}
	}
	if scaling == Pixels && t.bytes == nil {
		t.bytes = make([]uint8, count)
		for i, x := range t.values[:count] {
			if !(x >= 0 && x <= 255) || x != math.Trunc(x) {
				return nil, mistake(`scaling = "none" takes values as they are, "standard" brings each column to mean 0 and deviation 1`,
					"object %d, value %d is %v: scaling = \"pixels\" wants whole numbers 0 … 255", i/t.width, i%t.width, x)
			}
			t.bytes[i] = uint8(x)
		}
	}
	if scaling == Pixels {
		return npy.Encode([]int{n, t.width}, t.bytes[:count]), nil
	}
	values := make([]float64, count)
	if t.bytes != nil {
		for i, u := range t.bytes[:count] {
			values[i] = float64(u)
		}
	} else {
		copy(values, t.values)
	}
	if scaling == Standard {
		if err := standardise(values, t.width); err != nil {
			return nil, err
		}
	}
	rounded := make([]float32, count)
	for i, x := range values {
		if rounded[i] = float32(x); math.IsInf(float64(rounded[i]), 0) {
			return nil, mistake(`scaling = "standard" brings each column to mean 0 and deviation 1`,
				"object %d, value %d is %v, more than a float32 holds, in which networks are trained", i/t.width, i%t.width, x)
		}
	}
	return npy.Encode([]int{n, t.width}, rounded), nil
}

// standardise brings each column of a matrix to mean 0 and standard deviation 1,
// that over all rows with the divisor n; a constant column to 0.
func standardise(values []float64, width int) error {
	n := float64(len(values) / width)
	for j := range width {
		sum := 0.0
		for i := j; i < len(values); i += width {
			sum += values[i]
		}
		mean, squares := sum/n, 0.0
		for i := j; i < len(values); i += width {
			d := values[i] - mean
			squares += float64(d * d)
		}
		deviation := math.Sqrt(squares / n)
		if math.IsInf(mean, 0) || math.IsInf(deviation, 0) || math.IsNaN(deviation) {
			return mistake("divide the column by a constant", "the values of column %d are too large for a standard deviation", j)
		}
		for i := j; i < len(values); i += width {
			if values[i] -= mean; deviation > 0 {
				values[i] /= deviation
			}
		}
	}
	return nil
}

// readClasses reads a file of labels: a vector of class numbers or one-hot rows in
// .npy, a vector in IDX, or one class number per line of text.
func readClasses(s Source, classes int) ([]int64, error) {
	switch formatOf(s.Content) {
	case "npy":
		a, err := decode(s.Content, labelsHint, labelsHint)
		if err != nil {
			return nil, err
		}
		labels, err := wholeNumbers(a)
		if err != nil {
			return nil, err
		}
		if len(a.Shape) == 2 && a.Shape[1] > 1 && a.Shape[0] > 1 {
			return oneHot(labels, a.Shape[1], classes)
		}
		if len(a.Shape) > 2 {
			return nil, mistake("labels.ravel() makes one dimension of it", "array of shape (%s): want one label per object", shape(a.Shape))
		}
		return labels, nil
	case "idx":
		t, err := idxTable(s.Content)
		if err != nil {
			return nil, err
		}
		if t.width != 1 {
			return nil, mistake("", "each of its %d entries has %d values: want one label per object", t.objects, t.width)
		}
		return widen(t.bytes), nil
	case "csv":
		t, err := csvTable(s.Content, false)
		if err != nil {
			return nil, err
		}
		if t.width != 1 {
			return nil, mistake("", "each line has %d values: want one label per line", t.width)
		}
		return classNumbers(t.values, "the label of object %d")
	}
	return nil, unreadable(s.Content)
}

const labelsHint = "in Python: numpy.save(\"labels.npy\", labels.astype(numpy.int64))"

// classNumbers returns the values if all are whole; what names the object of one
// that is not.
func classNumbers(values []float64, what string) ([]int64, error) {
	labels := make([]int64, len(values))
	for i, x := range values {
		if labels[i] = int64(x); !(math.Abs(x) < 1<<53) || float64(labels[i]) != x {
			return nil, mistake("labels are class numbers, counted from 0", what+" is %v: want a whole number", i, x)
		}
	}
	return labels, nil
}

func widen(labels []uint8) []int64 {
	out := make([]int64, len(labels))
	for i, y := range labels {
		out[i] = int64(y)
	}
	return out
}

// unreadable says what a file is that is none of the formats that are read.
func unreadable(content []byte) error {
	head := content[:min(len(content), HeadSize)]
	what, hint := recognise(false, head)
	if what == "" {
		return mistake(`write its format: format = "cifar10" for one label byte and 3,072 pixels per object, "cifar100" for two label bytes`,
			"its format is not known: it begins with %q", head[:min(len(head), 8)])
	}
	return mistake(hint, "it is %s: want %s", what, strings.Join(Formats()[1:], ", "))
}
