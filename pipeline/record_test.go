package pipeline

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

func someRecord() Record {
	return Record{
		Outputs: []OutputRecord{{"history", cas.Sum([]byte("1")), 0}, {"weights", cas.Sum([]byte("2")), 1 << 40}},
		Run:     RunID{1, 2, 3}, Started: time.Unix(1e9, 5), Elapsed: time.Hour,
	}
}

func TestRecordReadsBack(t *testing.T) {
	for _, want := range []Record{someRecord(), {Started: time.Unix(-5, 0)}} {
		text := append(want.encode(0), "manifest"...)
		got, rest, err := decodeRecord(text)
		if err != nil || string(rest) != "manifest" {
			t.Fatalf("%q follows, %v", rest, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for cut := range want.encode(0) {
			if _, _, err := decodeRecord(text[:cut]); err == nil {
				t.Fatalf("cut at %d of %d is accepted", cut, len(text))
			}
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	r := someRecord()
	f.Add(append(r.encode(0), "manifest"...))
	f.Add([]byte{recordVersion, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		r, rest, err := decodeRecord(text)
		var names []string
		for _, o := range r.Outputs {
			names = append(names, o.Name)
		}
		outs := make([]output, len(names))
		elapsed, ok := readOutputs(text, names, outs)
		if err != nil {
			if r.Outputs != nil || len(names) == 0 && ok {
				t.Errorf("refused with %v, but its outputs are read: %v", err, ok)
			}
			return
		}
		if !ok || elapsed != r.Elapsed {
			t.Errorf("the fast way reads %v %v", elapsed, ok)
		}
		for i, o := range outs {
			if o.digest != r.Outputs[i].Digest || o.size != r.Outputs[i].Size {
				t.Errorf("output %d is %v", i, o)
			}
		}
		if again := append(r.encode(0), rest...); !bytes.Equal(again, text) {
			t.Errorf("%x encodes to %x", text, again)
		}
	})
}

func TestWhichRecordCounts(t *testing.T) {
	names := []string{"out"}
	rec := func(content string) []byte {
		r := Record{Outputs: []OutputRecord{{"out", cas.Sum([]byte(content)), 1}}, Started: time.Unix(0, 0)}
		return append(r.encode(0), "manifest"...)
	}
	other := someRecord()
	for _, c := range []struct {
		name   string
		values [][]byte
		want   string
	}{
		{"none", nil, ""},
		{"one", [][]byte{rec("1")}, "1"},
		{"replaced", [][]byte{rec("1"), rec("2")}, "2"},
		{"replaced twice", [][]byte{rec("1"), rec("2"), rec("3")}, "3"},
		{"damaged", [][]byte{rec("1")[:9]}, ""},
		{"damaged last", [][]byte{rec("2"), rec("1")[:9]}, "2"},
		{"other outputs", [][]byte{other.encode(0)}, ""},
		{"empty", [][]byte{{}}, ""},
	} {
		outs := make([]output, 1)
		_, ok := readLast(c.values, names, outs)
		if ok != (c.want != "") || ok && outs[0].digest != cas.Sum([]byte(c.want)) {
			t.Errorf("%s: ok %v, want %q", c.name, ok, c.want)
		}
		st := newStore()
		var rows []cas.Row
		for _, v := range c.values {
			rows = append(rows, cas.Row{Table: tableActions, Value: v})
		}
		if err := st.Commit(t.Context(), cas.Batch{Rows: rows}); err != nil {
			t.Fatal(err)
		}
		r, ok, err := LookupRecord(st, Key{})
		if c.name == "other outputs" { // a record, though not of this kind
			continue
		}
		if err != nil || ok != (c.want != "") || ok && r.Outputs[0].Digest != cas.Sum([]byte(c.want)) {
			t.Errorf("%s: LookupRecord returns %v, %v", c.name, ok, err)
		}
	}
}

// A record that nobody can read is a miss.
func TestDamagedRecordIsAMiss(t *testing.T) {
	k, st := newKitchen(), newStore()
	g, _ := chain(t, k, 1)
	key := mustPlan(t, g, st, Options{}).keys[0]
	if err := st.Commit(t.Context(), cas.Batch{Rows: []cas.Row{{Table: tableActions, Key: key.Digest, Value: []byte("?")}}}); err != nil {
		t.Fatal(err)
	}
	if sum := mustDo(t, g, st); sum.Ran != 1 {
		t.Errorf("%+v", sum)
	}
	if sum := mustDo(t, g, st); sum.Ran != 0 {
		t.Errorf("again: %+v", sum)
	}
}

func TestLogsAreBounded(t *testing.T) {
	var l logBuffer
	line := strings.Repeat("x", 99)
	for range 5000 {
		l.add(line)
	}
	l.add("the end")
	text := l.text()
	lines := strings.Split(text, "\n")
	if len(text) > 2*logLimit+100 || !strings.HasSuffix(text, "\nthe end\n") || lines[0] != line {
		t.Errorf("%d bytes, ends in %q", len(text), text[len(text)-20:])
	}
	kept := 0
	for _, s := range lines {
		if s == line {
			kept++
		}
	}
	i := slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, "lines dropped") })
	if i < 0 || lines[i] != "… "+strconv.Itoa(5000-kept)+" lines dropped …" {
		t.Errorf("%d lines kept, %q", kept, lines[max(0, i)])
	}
	var long logBuffer
	long.add(strings.Repeat("x", 10*logLimit))
	if n := len(long.text()); n > 2*logLimit {
		t.Errorf("one line has %d bytes", n)
	}
}
