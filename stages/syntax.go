package stages

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxSyntaxErrors bounds how often a file is parsed again without the
// statement that was wrong: more errors than that help nobody.
const maxSyntaxErrors = 20

// parse reads the text into a tree that knows where everything stands; nil
// where nothing can be read.
//
// The TOML decoder decides what is TOML and what it means, but it stops at
// its first error. So a statement that it refuses is blanked and the rest is
// read again: one run then tells of all of them, and of the mistakes in what
// could be read. lossy says that something was blanked, so that what seems
// missing may be there.
func (src *source) parse() (root *node, problems []Problem, lossy bool) {
	text, last := src.text, -1
	values, err := decodeTOML(text)
	for err != nil {
		s := errorSpan(text, err)
		// Without progress through the file, further errors are echoes.
		if s.start <= last || len(problems) == maxSyntaxErrors {
			return nil, problems, true
		}
		problems = append(problems, src.at(s, syntaxText(err), syntaxHint(src)))
		if src.override {
			return nil, problems, true
		}
		last, lossy = s.start, true
		text, values, err = withoutStatement(text, s.start)
	}
	root, again := scanTree(text)
	for _, s := range again {
		problems = append(problems, src.at(s, "this key is defined twice", ""))
	}
	root.attach(values)
	return root, problems, lossy || len(again) > 0
}

const byteOrderMark = "\ufeff"

// decodeTOML decodes the whole text into maps, slices and scalars.
func decodeTOML(text string) (values map[string]any, err error) {
	defer func() {
		// The decoder reports its own inner contradictions by panics.
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	// The decoder skips byte order marks, UTF-16's as well, and every place
	// after them would be off.
	if at := invalidUTF8(text); at < len(text) {
		return nil, toml.ParseError{Message: fmt.Sprintf("byte 0x%02x is not UTF-8", text[at]), Position: toml.Position{Start: at, Len: 1}}
	}
	if strings.HasPrefix(text, byteOrderMark) {
		return nil, toml.ParseError{Message: "a second byte order mark", Position: toml.Position{Len: len(byteOrderMark)}}
	}
	_, err = toml.Decode(text, &values)
	return values, err
}

// invalidUTF8 returns the place of the first byte that is not UTF-8.
func invalidUTF8(text string) int {
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return len(text)
}

func syntaxText(err error) string {
	if pe, ok := err.(toml.ParseError); ok {
		return "not valid TOML: " + strings.TrimSuffix(printable(pe.Message), ".")
	}
	return "not valid TOML: " + printable(err.Error())
}

func syntaxHint(src *source) string {
	if src.override {
		return `write KEY=VALUE with a TOML value, text in quotes: 'experiment.paper.dataset="mnist"'`
	}
	return ""
}

// errorSpan returns where the decoder stopped. Its line numbers are off by
// one behind some line ends, so the byte offset is what counts.
func errorSpan(text string, err error) span {
	pe, ok := err.(toml.ParseError)
	if !ok {
		return span{0, 0}
	}
	start := max(0, min(pe.Position.Start, len(text)))
	for start == len(text) && start > 0 && (text[start-1] == '\n' || text[start-1] == '\r') {
		start-- // the last line that is there, not the empty one after it
	}
	return span{start, min(len(text), start+max(1, pe.Position.Len))}
}

// withoutStatement blanks the statement that the error at byte at belongs to
// and decodes the rest. Where an array or table was left open, the decoder
// complains in the statement after it: both are tried, and the one counts
// that lets the decoder come further.
func withoutStatement(text string, at int) (rest string, values map[string]any, err error) {
	lines := strings.SplitAfter(text, "\n")
	row, pos := 0, 0
	for row < len(lines)-1 && pos+len(lines[row]) <= at {
		pos += len(lines[row])
		row++
	}
	first := statementStart(lines, row)
	candidates := [][2]int{{first, row + 1}}
	if isHeader(lines[row]) {
		// The keys below a header that cannot be read would seem to
		// belong to the table before it.
		end := row + 1
		for end < len(lines) && !isHeader(lines[end]) {
			end++
		}
		candidates = [][2]int{{row, end}}
	}
	if first == row && row > 0 {
		candidates = append(candidates, [2]int{statementStart(lines, row-1), row})
	}
	reached := -1
	for _, c := range candidates {
		t := blankLines(lines, c[0], c[1])
		v, e := decodeTOML(t)
		came := len(t) + 1
		if e != nil {
			came = errorSpan(t, e).start
		}
		if came > reached {
			rest, values, err, reached = t, v, e, came
		}
	}
	return rest, values, err
}

// blankLines joins the lines with those from first to end emptied; every
// byte that is left keeps its place.
func blankLines(lines []string, first, end int) string {
	var b strings.Builder
	for i, line := range lines {
		if first <= i && i < end {
			body := strings.TrimRight(line, "\r\n")
			b.WriteString(strings.Repeat(" ", len(body)))
			line = line[len(body):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// statementStart returns the line at or above row that begins the statement
// to which row belongs.
func statementStart(lines []string, row int) int {
	for row > 0 && !isHeader(lines[row]) && !assignment.MatchString(lines[row]) {
		row--
	}
	return row
}

// These two only choose what is left out after a syntax error; what is TOML
// is never decided here.
var (
	header     = regexp.MustCompile(`^[ \t]*\[{1,2}[ \t]*["'A-Za-z][^\[\],=]*(\]|\r?\n?$)`)
	assignment = regexp.MustCompile(`^[ \t]*[-_A-Za-z0-9"'][^=#\[\]{},]*=`)
)

func isHeader(line string) bool { return header.MatchString(line) }
