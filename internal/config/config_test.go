package config

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// garden is a struct of every kind of field.
type garden struct {
	Soil struct {
		Depth  int     `toml:"depth" range:"1 to 300"`
		PH     float64 `toml:"ph" range:"above 0, below 14"`
		Dug    bool    `toml:"dug"`
		secret int
	} `toml:"soil"`
	Pots []pot `toml:"pot" named:"true"`
	Beds []bed `toml:"bed"`
}

type pot struct {
	Name  string `toml:"name"`
	Glaze string `toml:"glaze" text:"colour" default:"\"\""`
	Size  int    `toml:"size" range:"1 to 9" default:"3"`
}

type bed struct {
	Name  string   `toml:"name"`
	Crop  string   `toml:"crop" default:"\"beans\""`
	In    string   `toml:"in" default:"\"soil\"" or:"pot"`
	Rows  []int64  `toml:"rows" range:"0 or more" default:"[1, 2]"`
	Tools []string `toml:"tools" default:"[]" empty:"true"`
}

func (bed) Choices() map[string][]string {
	return map[string][]string{"crop": {"beans", "peas"}, "tools": {"rake", "hoe"}, "in": {"soil"}}
}

func newGarden() *garden {
	g := &garden{}
	g.Soil.Depth, g.Soil.PH = 30, 6.5
	return g
}

// problems returns what Parse finds wrong with the text, nil where nothing is.
func problems(t *testing.T, text string, overrides ...string) []Problem {
	t.Helper()
	err := Parse("g.toml", []byte(text), overrides, newGarden(), nil)
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) == 0 {
		t.Fatalf("error is %v, want an *Error with problems", err)
	}
	return e.Problems
}

func TestParse(t *testing.T) {
	g := newGarden()
	const text = "soil.ph = 7\n[[bed]]\nname = 'a'\n[[bed]]\nname = 'b'\ncrop = 'peas'\nrows = []\n"
	if p := problems(t, text); len(p) != 1 || p[0].Text != "bed.b.rows is an empty list" {
		t.Errorf("an empty list: %v", p)
	}
	if err := Parse("g.toml", []byte(text), []string{"bed.b.rows=[4]", "bed.a.tools=['hoe']", "soil.dug=true", "soil.depth=20", "soil.depth=21"}, g, nil); err == nil {
		t.Error("an override hides a mistake in the file")
	}
	g = newGarden()
	err := Parse("g.toml", []byte(strings.Replace(text, "[]", "[3]", 1)), []string{"bed.b.rows=[4]", "bed.a.tools=['hoe']", "soil.dug=true", "soil.depth=20", "soil.depth=21"}, g, nil)
	lines := Lines(g)
	want := map[string]string{
		"soil.depth": "21", "soil.ph": "7", "soil.dug": "true", "bed": `["a","b"]`,
		"bed.a.crop": `"beans"`, "bed.a.rows": "[1,2]", "bed.a.tools": `["hoe"]`,
		"bed.a.in": `"soil"`, "bed.b.in": `"soil"`,
		"bed.b.crop": `"peas"`, "bed.b.rows": "[4]", "bed.b.tools": "[]",
	}
	for path, value := range want {
		if lines[path] != value {
			t.Errorf("%s is %s, want %s", path, lines[path], value)
		}
	}
	if err != nil || len(lines) != len(want) {
		t.Errorf("error %v, %d lines, want %d: %v", err, len(lines), len(want), lines)
	}
}

func TestKeys(t *testing.T) {
	var got []string
	for _, k := range Keys(garden{}) {
		got = append(got, k.Path+": "+k.Values+": "+k.Default)
	}
	want := []string{
		"soil.depth: Integer, 1 to 300: ", "soil.ph: Number, above 0, below 14: ", "soil.dug: Boolean: ",
		`pot.NAME.glaze: Text, colour: ""`, "pot.NAME.size: Integer, 1 to 9: 3",
		"bed.NAME.name: Text, " + nameRule + ": ", `bed.NAME.crop: One of "beans", "peas": "beans"`,
		`bed.NAME.in: One of "soil", or the NAME of a table [pot.NAME]: "soil"`,
		"bed.NAME.rows: List of integers or a range \"0..9\", each 0 or more: [1, 2]", `bed.NAME.tools: List of "rake", "hoe": []`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("keys are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBlame reports what is wrong between values where they were given.
func TestBlame(t *testing.T) {
	const text = "[soil]\ndepth = 3\n[[bed]]\nname = 'a'\nrows = [5,\n 6]\n"
	tests := map[string]string{
		"soil.depth":    "g.toml:2:9: x\n    2 | depth = 3\n      |         ^ y",
		"soil.ph":       "g.toml:1:2: x\n    1 | [soil]\n      |  ^^^^ y",
		"bed.a.rows[1]": "g.toml:6:2: x\n    6 |  6]\n      |  ^ y",
		"bed.a.rows[7]": "g.toml:5:8: x\n    5 | rows = [5,\n      |        ^^^ y",
		"bed.a.crop[0]": "g.toml:3:3: x\n    3 | [[bed]]\n      |   ^^^ y",
		"garage.door":   "g.toml: x; y",
		"bed.a.tools":   "--set #1: x\n      | bed.a.tools=['hoe']\n      |             ^^^^^^^ y",
	}
	for path, want := range tests {
		err := Parse("g.toml", []byte(text), []string{"bed.a.tools=['hoe']"}, newGarden(), func(p *Places) { p.Blame(path, "x", "y") })
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n%v\nwant\n%s", path, err, want)
		}
	}
}

func TestSyntax(t *testing.T) {
	tests := map[string]string{
		"a = 12 13":     "g.toml:1:7: not valid TOML: expected a top-level item to end with a newline, comment, or EOF, but got '1' instead",
		"a = fast":      "g.toml:1:5: not valid TOML: expected value but found \"fast\" instead",
		"a = 1e":        "g.toml:1:5: not valid TOML: Invalid float value: \"1e\"",
		"[data\nb = 1":  "g.toml:1:6: not valid TOML: expected '.' or ']' to end table name, but got '\\n' instead",
		"a = \"b\n":     "g.toml:1:7: not valid TOML: strings cannot contain newlines",
		"a = [0, 1\nb=": "g.toml:2:1: not valid TOML: expected a comma (',') or array terminator (']'), but got 'b'",
		"a = '\xff'":    "g.toml:1:6: not valid TOML: byte 0xff is not UTF-8",
		"[a]\n[a]":      "g.toml:2:2: not valid TOML: Key 'a' has already been defined",
		"a.b=1\na=2":    "g.toml:2:1: this key is defined twice",
	}
	for text, want := range tests {
		p := problems(t, text)
		if len(p) != 1 {
			t.Errorf("%q: %d problems, want 1", text, len(p))
			continue
		}
		if got, _, _ := strings.Cut(p[0].String(), "\n"); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", text, got, want)
		}
	}
}

// TestLimits reads texts that are small and costly: each is refused in a few
// words before the decoder, whose memory grows with the square of the depth,
// sees it.
func TestLimits(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"long table name":    {"[" + strings.Repeat("a.", 120_000) + "a]\n", "a key of more than 16 parts"},
		"long key":           {strings.Repeat("a.", 120_000) + "a = 1\n", "a key of more than 16 parts"},
		"not closed":         {"[" + strings.Repeat("a.", 120_000), "a key of more than 16 parts"},
		"key in a table":     {"t = {" + strings.Repeat("a.", 120_000) + "a = 1}\n", "a key of more than 16 parts"},
		"lists in lists":     {"a = " + strings.Repeat("[", 120_000) + strings.Repeat("]", 120_000) + "\n", "more than 16 lists and tables inside one another"},
		"tables in tables":   {"a = " + strings.Repeat("{a = ", 40_000) + "1" + strings.Repeat("}", 40_000) + "\n", "more than 16 lists and tables inside one another"},
		"many keys":          {strings.Repeat("a = 1\n", 24_000), "more than 10000 keys"},
		"a long line of one": {"a = \"" + strings.Repeat("x", 200_000) + "\n", "not valid TOML: strings cannot contain newlines"},
		"too large":          {strings.Repeat("#\n", maxText), "more than 256 KiB"},
	}
	for name, tt := range tests {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := problems(t, tt.text)
		runtime.ReadMemStats(&after)
		if len(p) != 1 || !strings.HasPrefix(p[0].Text, tt.want) || len(p[0].String()) > 1000 {
			t.Errorf("%s: %.300s", name, (&Error{p}).Error())
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
			t.Errorf("%s: %d MiB allocated, want at most 64", name, used)
		}
	}
}

// TestManyProblems: all mistakes are counted, and some are shown.
func TestManyProblems(t *testing.T) {
	var text strings.Builder
	for i := range 9_000 {
		fmt.Fprintf(&text, "key%d = 1\n", i)
	}
	err := Parse("g.toml", []byte(text.String()), nil, newGarden(), nil)
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != 9_000 {
		t.Fatalf("error %.100v, want 9000 problems", err)
	}
	if s := e.Error(); len(s) > 20_000 || !strings.HasSuffix(s, "\nand 8950 more") {
		t.Errorf("%d bytes of text, ending in %q", len(s), s[len(s)-30:])
	}
}

// TestNamedTables: tables with their names in the headings, which texts may refer
// to from above and from below.
func TestNamedTables(t *testing.T) {
	const text = "[[bed]]\nname = 'a'\nin = 'blue'\n[pot.blue]\nglaze = 'any colour: \"x\"'\n[pot.red-2]\n[[bed]]\nname = 'b'\nin = 'red-2'\n"
	g := newGarden()
	if err := Parse("g.toml", []byte(text), []string{"pot.red-2.size=7"}, g, nil); err != nil {
		t.Fatal(err)
	}
	want := []pot{{"blue", `any colour: "x"`, 3}, {"red-2", "", 7}}
	if !slices.Equal(g.Pots, want) || g.Beds[0].In != "blue" || g.Beds[1].In != "red-2" {
		t.Errorf("%+v", g)
	}
	again := newGarden()
	if err := ParseLines("lines", Lines(g), again, nil); err != nil || !slices.Equal(again.Pots, want) || again.Beds[1].In != "red-2" {
		t.Errorf("written out and read again: %v, %+v", err, again)
	}
	if _, ok := Lines(newGarden())["pot"]; ok {
		t.Error("a list without tables has a line")
	}
	for _, c := range []struct{ text, override, want, hint string }{
		{"[[bed]]\nname = 'a'\nin = 'bleu'\n[pot.blue]\n", "", `bed.a.in is 'bleu', which is not known`, `did you mean "blue"? known: "soil", "blue", or the NAME of a table [pot.NAME]`},
		{"[[bed]]\nname = 'a'\n[pot.blue]\n", "bed.a.in='grey'", `bed.a.in is 'grey', which is not known`, `known: "soil", "blue", or the NAME of a table [pot.NAME]`},
		{"[pot.blue]\nsize = 10\n", "", "pot.blue.size is 10", "allowed: 1 to 9"},
		{"[pot.blue]\nglaze = 7\n", "", "pot.blue.glaze is 7, an integer; it must be a text", "allowed: colour"},
		{"[pot.blue]\nname = 'x'\n", "", "unknown key name in pot.blue", "its name is in the heading"},
		{"[pot.'a b']\n", "", "a b is not a name", "allowed: " + nameRule},
		{"[[pot]]\nname = 'x'\n", "", "pot is a list; it must hold tables", "write [pot.NAME] before the keys of each"},
		{"pot = 3\n", "", "pot is an integer; it must hold tables", "write [pot.NAME] before the keys of each"},
		{"[pot]\nblue = 3\n", "", "pot.blue is an integer; it must be a table", "write [pot.NAME] before the keys of each"},
		{"[pot.blue]\n", "pot.green.size=3", "unknown pot green", "known: blue"},
		{"[pot.blue]\nsizes = 3\n", "", "unknown key sizes in pot.blue", "did you mean size?"},
	} {
		var overrides []string
		if c.override != "" {
			overrides = []string{c.override}
		}
		p := problems(t, c.text, overrides...)
		if len(p) != 1 || p[0].Text != c.want || p[0].Hint != c.hint {
			t.Errorf("%q %q: %+v, want %q with %q", c.text, c.override, p, c.want, c.hint)
		}
	}
	// A reference that an override replaces is not looked up.
	if p := problems(t, "[[bed]]\nname = 'a'\nin = 'gone'\n", "bed.a.in='soil'"); p != nil {
		t.Errorf("%v", p)
	}
}
