package userfiles

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/cifar"
	"github.com/landscape-pipe/landscape-pipe/internal/idx"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// Formats lists the formats of objects that are read. The first finds out which
// of the others it is, except CIFAR's, whose files begin with nothing that tells.
func Formats() []string { return []string{auto, "npy", "idx", "csv", "cifar10", "cifar100"} }

// formatOf finds the format of a file from its beginning; "" if it is none that
// can be told.
func formatOf(content []byte) string {
	head := content[:min(len(content), HeadSize)]
	switch {
	case bytes.HasPrefix(head, []byte(npyMagic)):
		return "npy"
	case len(head) >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 && head[3] <= 8:
		return "idx"
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) > 0 && isText(head) && !bytes.HasPrefix(text, []byte("{")) && !bytes.HasPrefix(text, []byte("<")) && !bytes.HasPrefix(text, []byte("version https://")) {
		return "csv"
	}
	return ""
}

// readTable reads a file of objects in the given format. labelled says that the
// file has the labels, if its format leaves that open: in the last column of CSV.
func readTable(s Source, format string, labelled bool) (*table, error) {
	found := formatOf(s.Content)
	if format == auto {
		if format = found; format == "" {
			return nil, unreadable(s.Content)
		}
	}
	switch format {
	case "npy", "idx", "csv":
		if format != found {
			what, hint := recognise(false, s.Content[:min(len(s.Content), HeadSize)])
			if what == "" {
				what = "of another format"
			}
			return nil, mistake(hint, "it is %s: want %s", what, format)
		}
	}
	switch format {
	case "npy":
		return npyTable(s.Content)
	case "idx":
		return idxTable(s.Content)
	case "csv":
		return csvTable(s.Content, labelled)
	case "cifar10":
		return cifarTable(s.Content, 1)
	}
	return cifarTable(s.Content, 2)
}

// npyTable reads an array whose first dimension counts objects.
func npyTable(b []byte) (*table, error) {
	const hint = "in Python: numpy.save(\"inputs.npy\", inputs.astype(numpy.float64))"
	a, err := decode(b, hint, hint)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) < 2 {
		return nil, mistake("inputs.reshape(objects, -1) makes a row of each object", "array of shape (%s): want objects × values", shape(a.Shape))
	}
	if a.Len() == 0 {
		return nil, mistake("", "it has no values: the shape is %s", shape(a.Shape))
	}
	t := &table{objects: a.Shape[0], width: a.Len() / a.Shape[0]}
	switch a.DType {
	case npy.Uint8:
		t.bytes, err = npy.Values[uint8](a)
		return t, err
	case npy.Float32, npy.Float64:
		if t.values, err = a.Float64s(); err != nil {
			return nil, err
		}
		for i, x := range t.values {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, mistake("", "object %d, value %d is %v: want finite values", i/t.width, i%t.width, x)
			}
		}
		return t, nil
	}
	integers, err := a.Int64s()
	if err != nil {
		return nil, mistake("", "%s", strings.TrimPrefix(err.Error(), "npy: "))
	}
	t.values = make([]float64, len(integers))
	for i, x := range integers {
		if t.values[i] = float64(x); math.Abs(t.values[i]) > 1<<53 {
			return nil, mistake("", "object %d, value %d is %d, which is not a float64", i/t.width, i%t.width, x)
		}
	}
	return t, nil
}

// idxTable reads an IDX file of bytes.
func idxTable(b []byte) (*table, error) {
	a, err := idx.Decode(b)
	if err != nil {
		return nil, mistake("", "%s", strings.TrimPrefix(err.Error(), "idx: "))
	}
	return &table{objects: a.Dims[0], width: a.ObjectSize(), bytes: a.Data}, nil
}

// cifarTable reads CIFAR's binary format.
func cifarTable(b []byte, labelBytes int) (*table, error) {
	n := len(b) / cifar.RecordSize(labelBytes)
	images, labels, err := cifar.Decode(b, labelBytes, max(n, 1))
	if err != nil {
		return nil, mistake("", "%s", strings.TrimPrefix(err.Error(), "cifar: "))
	}
	return &table{objects: n, width: cifar.Pixels, bytes: images, labels: widen(labels)}, nil
}

// csvTable reads lines of numbers that commas, semicolons or tabs separate. A
// first line without any number is a heading. labelled says that the last
// column holds class numbers.
func csvTable(b []byte, labelled bool) (*table, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma, r.TrimLeadingSpace, r.ReuseRecord, r.FieldsPerRecord = separator(b), true, true, -1
	t := &table{}
	columns := 0
	var classes []float64
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, mistake("", "%s", err.Error())
		}
		line, _ := r.FieldPos(0)
		if first {
			columns = len(record)
			if labelled && columns < 2 {
				return nil, mistake(`name the file of the labels: labels = "PATH"`, "line %d has one value: want values, and the class number in the last column", line)
			}
			if isHeading(record) {
				continue
			}
		}
		if len(record) != columns {
			return nil, mistake("", "line %d has %d values, the lines before it have %d", line, len(record), columns)
		}
		for j, field := range record {
			x, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
			switch {
			case err != nil && labelled && j == columns-1:
				return nil, mistake("number the classes from 0; where the labels are in a file of their own, name it: labels = \"PATH\"", "line %d: the label %.40q is not a number", line, field)
			case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
				hint := ""
				if first {
					hint = "delete the line if it is a heading"
				}
				return nil, mistake(hint, "line %d, value %d is %.40q: want a finite number", line, j+1, field)
			case labelled && j == columns-1:
				classes = append(classes, x)
			default:
				t.values = append(t.values, x)
			}
		}
		t.objects++
	}
	if t.width = columns; labelled {
		t.width--
		var err error
		if t.labels, err = classNumbers(classes, "the label of object %d, in the last column,"); err != nil {
			return nil, err
		}
	}
	if t.objects == 0 {
		return nil, mistake("", "it has no lines of numbers")
	}
	return t, nil
}

// separator is what separates the values of the first line.
func separator(b []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(b, "\r\n"), []byte("\n"))
	for _, s := range []rune{'\t', ';'} {
		if bytes.ContainsRune(line, s) {
			return s
		}
	}
	return ','
}

// isHeading reports whether none of the fields is a number.
func isHeading(record []string) bool {
	for _, field := range record {
		if _, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err == nil {
			return false
		}
	}
	return true
}
