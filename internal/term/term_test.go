package term

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWidth(t *testing.T) {
	tests := []struct {
		text string
		want int
	}{
		{"", 0},
		{"train", 5},
		{"\x1b[32mtrain\x1b[0m", 5},
		{"×65 …", 5},
		{"e\u0301", 1},
		{"層", 2},
		{"\x1b[", 1}, // an unfinished sequence: only the bracket is seen
	}
	for _, test := range tests {
		if got := Width(test.text); got != test.want {
			t.Errorf("Width(%q) = %d, want %d", test.text, got, test.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	tests := []struct {
		text  string
		width int
		want  string
	}{
		{"train", 5, "train"},
		{"train", 4, "tra…"},
		{"train", 1, "…"},
		{"train", 0, ""},
		{"層層層", 4, "層…"},
		{"\x1b[31mtrain\x1b[0m", 3, "\x1b[31mtr…\x1b[0m"},
	}
	for _, test := range tests {
		got := Truncate(test.text, test.width)
		if got != test.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
		if Width(got) > test.width {
			t.Errorf("Truncate(%q, %d) is %d wide", test.text, test.width, Width(got))
		}
	}
}

func TestPad(t *testing.T) {
	if got := Pad("\x1b[1mé\x1b[0m", 3); got != "\x1b[1mé\x1b[0m  " {
		t.Errorf("Pad = %q", got)
	}
	if got := PadLeft("12", 4); got != "  12" {
		t.Errorf("PadLeft = %q", got)
	}
}

func TestClean(t *testing.T) {
	if got, want := CleanLine("a\nb\t\x1bc"), "a\ufffdb\ufffd\ufffdc"; got != want {
		t.Errorf("CleanLine = %q, want %q", got, want)
	}
	if got, want := Clean("a\x1b[2Jb\u202ec\n"), "a\ufffd[2Jb\ufffdc\n"; got != want {
		t.Errorf("Clean = %q, want %q", got, want)
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		d           time.Duration
		text, clock string
	}{
		{-time.Second, "0 ms", "0:00"},
		{3600 * time.Microsecond, "4 ms", "0:00"},
		{9600 * time.Microsecond, "0.01 s", "0:00"},
		{41 * time.Millisecond, "0.04 s", "0:00"},
		{996 * time.Millisecond, "1.0 s", "0:00"},
		{9940 * time.Millisecond, "9.9 s", "0:09"},
		{9960 * time.Millisecond, "10 s", "0:09"},
		{59400 * time.Millisecond, "59 s", "0:59"},
		{59600 * time.Millisecond, "1 min 00 s", "0:59"},
		{185 * time.Second, "3 min 05 s", "3:05"},
		{3599600 * time.Millisecond, "1 h 00 min", "59:59"},
		{2*time.Hour + 7*time.Minute, "2 h 07 min", "2:07:00"},
		{76 * time.Hour, "3 d 4 h", "76:00:00"},
	}
	for _, test := range tests {
		if got := Duration(test.d); got != test.text {
			t.Errorf("Duration(%v) = %q, want %q", test.d, got, test.text)
		}
		if got := Clock(test.d); got != test.clock {
			t.Errorf("Clock(%v) = %q, want %q", test.d, got, test.clock)
		}
	}
}

func TestBar(t *testing.T) {
	tests := []struct {
		name         string
		width, total int
		parts        []Part
		want         string
	}{
		{"nothing done", 8, 100, []Part{{Count: 0}}, "────────"},
		{"a little shows", 8, 100, []Part{{Count: 1}}, "━───────"},
		{"half", 8, 100, []Part{{Count: 50}}, "━━━━────"},
		{"nearly all is not all", 8, 100, []Part{{Count: 99}}, "━━━━━━━─"},
		{"all", 8, 100, []Part{{Count: 100}}, "━━━━━━━━"},
		{"two parts", 8, 100, []Part{{Count: 50}, {Count: 25, Paint: strings.ToUpper}}, "━━━━━━──"},
		{"a part without room", 2, 100, []Part{{Count: 98}, {Count: 1}}, "━─"},
		{"no total", 4, 0, nil, "────"},
		{"no width", 0, 10, []Part{{Count: 5}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Bar(test.width, test.total, test.parts...)
			if got != test.want {
				t.Errorf("Bar = %q, want %q", got, test.want)
			}
			if Width(got) != test.width {
				t.Errorf("Bar is %d wide, want %d", Width(got), test.width)
			}
		})
	}
}

func TestStyle(t *testing.T) {
	if got := (Style{}).Bad("x"); got != "x" {
		t.Errorf("the zero style writes %q", got)
	}
	if got := NewStyle(true).Bad("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("the coloured style writes %q", got)
	}
}

func TestNoTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := func(string) string { return "xterm" }
	if IsTerminal(f) || Live(f, env) || Coloured(f, env) {
		t.Error("a file is taken for a terminal")
	}
	if Live(&bytes.Buffer{}, env) {
		t.Error("a buffer is taken for a terminal")
	}
}

func TestTable(t *testing.T) {
	table := Table{Head: []string{"kind", "stages", "state"}, Rows: [][]string{{"train", "589", "3 to run"}, {"é|x", "7", ""}}, Right: []int{1}}
	var text, markdown bytes.Buffer
	if err := table.Text(&text, NewStyle(false)); err != nil {
		t.Fatal(err)
	}
	if want := "kind   stages  state\ntrain     589  3 to run\né|x         7\n"; text.String() != want {
		t.Errorf("%q, want %q", text.String(), want)
	}
	if err := table.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if want := "| kind | stages | state |\n|---|---|---|\n| train | 589 | 3 to run |\n| é\\|x | 7 |  |\n"; markdown.String() != want {
		t.Errorf("%q, want %q", markdown.String(), want)
	}
	text.Reset()
	table.Head = nil
	table.Paint = func(row, column int, text string) string {
		if row == 0 && column == 1 {
			return NewStyle(true).Bad(text)
		}
		return text
	}
	if err := table.Text(&text, NewStyle(true)); err != nil {
		t.Fatal(err)
	}
	if want := "train  \x1b[31m589\x1b[0m  3 to run\né|x      7\n"; text.String() != want {
		t.Errorf("%q, want %q", text.String(), want)
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Count(1, "stage"), "1 stage"}, {Count(0, "stage"), "0 stages"}, {Count(2, "entry"), "2 entries"}, {Count(2, "key"), "2 keys"},
		{Count(3, "matrix"), "3 matrices"}, {Bytes(812), "812 B"}, {Bytes(1234), "1.2 kB"}, {Bytes(34_400_000_000), "34 GB"}, {Bytes(999_600), "1.0 MB"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

// TestCleaner writes text in pieces of every size: what is cut in the middle
// is treated as if it were not.
func TestCleaner(t *testing.T) {
	on := NewStyle(true)
	text := on.Bad("é\x1b[2J") + "\u202e\x1b[8mhidden\xff\n\t" + on.Dim("…") + "\x1b]0;title\a."
	want := map[bool]string{
		true:  on.Bad("é\ufffd[2J") + "\ufffd\ufffd[8mhidden\ufffd\n\t" + on.Dim("…") + "\ufffd]0;title\ufffd.",
		false: "\ufffd[31mé\ufffd[2J\ufffd[0m\ufffd\ufffd[8mhidden\ufffd\n\t\ufffd[2m…\ufffd[0m\ufffd]0;title\ufffd.",
	}
	for _, coloured := range []bool{true, false} {
		for size := 1; size <= len(text); size++ {
			var got bytes.Buffer
			w := NewCleaner(&got, NewStyle(coloured))
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
					t.Fatalf("wrote %d of %d, %v", m, n, err)
				}
				rest = rest[n:]
			}
			if got.String() != want[coloured] {
				t.Errorf("in pieces of %d: %q, want %q", size, got.String(), want[coloured])
			}
		}
	}
}
