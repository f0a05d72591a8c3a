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
