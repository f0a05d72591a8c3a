package term

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// screen is a terminal that understands what a Region writes: lines, carriage
// returns, cursor up, and clearing to the end. It has no bottom.
type screen struct {
	width int
	rows  []string
	row   int
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	text := string(p)
	for len(text) > 0 {
		if m := sequence.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			switch m[2] {
			case "A":
				n, _ := strconv.Atoi(m[1])
				s.row = max(0, s.row-n)
			case "J":
				s.rows = s.rows[:s.row]
			}
			continue
		}
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			text = strings.TrimPrefix(text, "\r")
			continue
		}
		line = strings.TrimPrefix(line, "\r")
		if m := sequence.FindStringSubmatch(line); m != nil {
			text = line + "\n" + rest
			continue
		}
		text = rest
		s.rows = append(s.rows[:s.row], line)
		s.row++
	}
	return len(p), nil
}

// resize wraps the lines that are longer than the new width, as terminals do.
func (s *screen) resize(width int) {
	var rows []string
	for _, r := range s.rows {
		for len(r) > width {
			rows, r = append(rows, r[:width]), r[width:]
		}
		rows = append(rows, r)
	}
	s.width, s.rows, s.row = width, rows, len(rows)
}

func TestRegion(t *testing.T) {
	s := &screen{width: 40}
	r := NewRegion(s, func() (int, int) { return s.width, 5 })
	check := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, s.rows); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", what, diff)
		}
	}
	r.Print("", []string{"one", "two"})
	check("first drawing", "one", "two")
	r.Print("", []string{"three"})
	check("fewer lines", "three")
	r.Print("stays\n", []string{"four", "five"})
	check("a line above", "stays", "four", "five")
	r.Print("", []string{strings.Repeat("x", 50)})
	check("a long line is cut", "stays", strings.Repeat("x", 38)+"…")
	r.Print("", []string{"1", "2", "3", "4", "5", "6"})
	check("more lines than rows", "stays", "1", "2", "3", "4")
	r.Print("", nil)
	check("cleared", "stays")
	r.Print("", nil)
	check("cleared twice", "stays")
}

func TestRegionFollowsResizing(t *testing.T) {
	s := &screen{width: 40}
	r := NewRegion(s, func() (int, int) { return s.width, 10 })
	r.Print("stays", []string{strings.Repeat("x", 35), "y"})
	s.resize(20)
	r.Print("", []string{strings.Repeat("x", 35), "z"})
	if diff := cmp.Diff([]string{"stays", strings.Repeat("x", 18) + "…", "z"}, s.rows); diff != "" {
		t.Errorf("after the window became narrower: (-want +got)\n%s", diff)
	}
}
