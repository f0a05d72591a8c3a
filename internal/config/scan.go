package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// node is a value of a TOML document with its place. The TOML decoder decides
// what is TOML and what the values are, but keeps no positions, so a scanner
// finds where keys and values begin and end.
type node struct {
	kind  nodeKind
	key   span // the key that names it, or its part of a table header
	val   span // the value; of a table with a header, the header's part
	value any  // of a scalar: string, int64, float64, bool or a time
	elems []*node
	names []string // of a table: its keys in order of appearance
	table map[string]*node
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	arrayNode
	tableNode
)

// Limits of a document. The decoder's time and memory grow with the square of
// the depth of a key, so the scanner checks them before the decoder runs.
const (
	maxText  = 256 << 10 // bytes
	maxDepth = 16        // parts of a key; lists and tables inside one another
	maxKeys  = 10_000
)

// bareRange matches an override whose range lacks the quotes of TOML; a shell
// takes those that nothing protects.
var bareRange = regexp.MustCompile(`^\s*([\w.-]+)\s*=\s*(\d+\.\.\d+)\s*$`)

const byteOrderMark = "\ufeff"

// parse reads the text into a tree that knows all places. It stops at the
// first error of syntax.
func (src *source) parse() (*node, *Problem) {
	if len(src.text) > maxText {
		return nil, &Problem{File: src.name, Text: fmt.Sprintf("more than %d KiB, too large for a file of params", maxText>>10), order: src.order}
	}
	src.text = strings.TrimPrefix(src.text, byteOrderMark)
	root, scan := scanTree(src.text)
	if scan.excess != "" {
		p := src.at(scan.wrong, scan.excess, "")
		return nil, &p
	}
	values, err := decodeTOML(src.text)
	if err != nil {
		hint := ""
		if src.isOverride() {
			hint = `write KEY=VALUE with a TOML value, text and ranges in quotes: 'KEY="text"'`
			if m := bareRange.FindStringSubmatch(src.text); m != nil {
				hint = fmt.Sprintf(`a range needs quotes, and quotes around both for a shell: --set '%s="%s"'`, m[1], m[2])
			}
		}
		p := src.at(errorSpan(src.text, err), syntaxText(err), hint)
		return nil, &p
	}
	if len(scan.twice) > 0 {
		p := src.at(scan.twice[0], "this key is defined twice", "")
		return nil, &p
	}
	root.attach(values)
	return root, nil
}

// decodeTOML decodes the whole text into maps, slices and scalars.
func decodeTOML(text string) (values map[string]any, err error) {
	defer func() {
		// The decoder reports its own internal contradictions by panics.
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	// The decoder skips byte order marks, UTF-16's as well, and every place
	// after them would be off.
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return nil, toml.ParseError{Message: fmt.Sprintf("byte 0x%02x is not UTF-8", text[i]), Position: toml.Position{Start: i, Len: 1}}
		}
	}
	if strings.HasPrefix(text, byteOrderMark) {
		return nil, toml.ParseError{Message: "a second byte order mark", Position: toml.Position{Len: len(byteOrderMark)}}
	}
	_, err = toml.Decode(text, &values)
	return values, err
}

func syntaxText(err error) string {
	message := err.Error()
	if pe, ok := err.(toml.ParseError); ok {
		message = strings.TrimSuffix(pe.Message, ".")
	}
	return "not valid TOML: " + clip(message)
}

// errorSpan returns where the decoder stopped. Its line numbers are off by
// one after some line ends, so only its byte offset is used.
func errorSpan(text string, err error) span {
	pe, ok := err.(toml.ParseError)
	if !ok {
		return span{0, 0}
	}
	start := max(0, min(pe.Position.Start, len(text)))
	for start == len(text) && start > 0 && (text[start-1] == '\n' || text[start-1] == '\r') {
		start-- // the last line with text, not the empty one after it
	}
	return span{start, min(len(text), start+max(1, pe.Position.Len))}
}

func newTable(key span) *node {
	return &node{kind: tableNode, key: key, val: key, table: map[string]*node{}}
}

func (n *node) put(name string, child *node) {
	if _, ok := n.table[name]; !ok {
		n.names = append(n.names, name)
	}
	n.table[name] = child
}

// isList reports whether the node is a list whose last element is a table.
func (n *node) isList() bool {
	return n.kind == arrayNode && len(n.elems) > 0 && n.elems[len(n.elems)-1].kind == tableNode
}

// attach gives each scalar of the tree its decoded value.
func (n *node) attach(value any) {
	switch n.kind {
	case scalarNode:
		n.value = value
	case tableNode:
		m, _ := value.(map[string]any)
		for name, child := range n.table {
			child.attach(m[name])
		}
	case arrayNode:
		for i, elem := range n.elems {
			elem.attach(element(value, i))
		}
	}
}

// element returns element i of an array as the decoder represents it.
func element(array any, i int) any {
	switch a := array.(type) {
	case []any:
		if i < len(a) {
			return a[i]
		}
	case []map[string]any:
		if i < len(a) {
			return a[i]
		}
	}
	return nil
}

// scanner walks over TOML. On text that is not valid TOML it ends without a
// panic, and its result is of no use.
type scanner struct {
	text   string
	pos    int
	keys   int
	twice  []span // keys that are defined a second time though the decoder accepts them
	excess string // what is more than the limits allow; then the scan has stopped
	wrong  span   // where
}

// scanTree returns the tree of a TOML text. The decoder silently keeps the
// first of `a.b = 1` and `a = 2`; such second definitions are in scan.twice.
func scanTree(text string) (root *node, scan *scanner) {
	s := &scanner{text: text}
	root = newTable(span{})
	current := root
	for {
		s.skip(" \t\r\n")
		switch s.peek() {
		case 0:
			return root, s
		case '[':
			current = s.header(root)
		default:
			s.assignment(current, 1)
		}
	}
}

// stop ends the scan because a limit is exceeded.
func (s *scanner) stop(text string, at span) {
	if s.excess == "" {
		s.excess, s.wrong = text, at
	}
	s.pos = len(s.text)
}

// skip passes over the given characters and, if they include the line end,
// over comments.
func (s *scanner) skip(chars string) {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c == '#' && strings.Contains(chars, "\n") {
			s.pos += lineLength(s.text[s.pos:])
			continue
		}
		if strings.IndexByte(chars, c) < 0 {
			return
		}
		s.pos++
	}
}

func lineLength(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

// peek returns the next byte, 0 at the end. Valid TOML contains no byte 0.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	s.pos++
	return true
}

// keyPart is one part of a dotted key.
type keyPart struct {
	name string
	span span
}

// dottedKey reads a key such as a."b c".d, which has at least one part.
func (s *scanner) dottedKey() []keyPart {
	var parts []keyPart
	for {
		s.skip(" \t")
		start := s.pos
		if c := s.peek(); c == '"' || c == '\'' {
			s.quoted()
		} else {
			for s.pos < len(s.text) && !strings.ContainsRune(" \t.=]", rune(s.text[s.pos])) {
				s.pos++
			}
		}
		at := span{start, s.pos}
		parts = append(parts, keyPart{unquoteKey(s.text[at.start:at.end]), at})
		if s.keys++; s.keys > maxKeys {
			s.stop(fmt.Sprintf("more than %d keys", maxKeys), at)
		}
		if len(parts) > maxDepth {
			s.stop(fmt.Sprintf("a key of more than %d parts", maxDepth), at)
		}
		s.skip(" \t")
		if !s.take('.') {
			return parts
		}
	}
}

// unquoteKey returns the name that a key stands for.
func unquoteKey(raw string) string {
	if raw == "" || raw[0] != '"' && raw[0] != '\'' {
		return raw
	}
	values, err := decodeTOML("k = " + raw)
	if err != nil {
		return raw
	}
	name, _ := values["k"].(string)
	return name
}

// header reads [a.b] or [[a.b]] and returns the table that it opens.
func (s *scanner) header(root *node) *node {
	s.take('[')
	array := s.take('[')
	parts := s.dottedKey()
	s.take(']')
	if array {
		s.take(']')
	}
	at := root
	for _, p := range parts[:len(parts)-1] {
		at = s.into(at, p)
	}
	last := parts[len(parts)-1]
	if !array {
		return s.into(at, last)
	}
	list := at.table[last.name]
	if list == nil || list.kind != arrayNode {
		list = &node{kind: arrayNode, key: last.span, val: last.span}
		at.put(last.name, list)
	}
	elem := newTable(last.span)
	list.elems = append(list.elems, elem)
	return elem
}

// into returns the table named by one part of a key, the last one of a list
// of tables, and creates it if it is new.
func (s *scanner) into(at *node, p keyPart) *node {
	child := at.table[p.name]
	switch {
	case child == nil:
		child = newTable(p.span)
		at.put(p.name, child)
	case child.isList():
		child = child.elems[len(child.elems)-1]
	case child.kind != tableNode:
		s.twice = append(s.twice, p.span)
		child = newTable(p.span)
	}
	return child
}

// assignment reads key = value into a table.
func (s *scanner) assignment(at *node, depth int) {
	start := s.pos
	parts := s.dottedKey()
	s.take('=')
	for _, p := range parts[:len(parts)-1] {
		at = s.into(at, p)
	}
	last := parts[len(parts)-1]
	child := s.value(depth)
	child.key = last.span
	if at.table[last.name] != nil {
		s.twice = append(s.twice, last.span)
	} else {
		at.put(last.name, child)
	}
	if s.pos == start {
		s.pos++ // not valid TOML after all; go on without looping
	}
}

// value reads a value and the blanks before it.
func (s *scanner) value(depth int) *node {
	s.skip(" \t")
	n := &node{val: span{start: s.pos}}
	if depth > maxDepth {
		s.stop(fmt.Sprintf("more than %d lists and tables inside one another", maxDepth), span{s.pos, s.pos})
	}
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		n.kind = arrayNode
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != ']' && s.peek() != 0; s.skip(" \t\r\n,") {
			elem := s.value(depth + 1)
			elem.key = elem.val
			n.elems = append(n.elems, elem)
		}
		s.take(']')
	case '{':
		n.kind = tableNode
		n.table = map[string]*node{}
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != '}' && s.peek() != 0; s.skip(" \t\r\n,") {
			s.assignment(n, depth+1)
		}
		s.take('}')
	default:
		// A date may contain one blank, so the value ends at what may follow it.
		for s.pos < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.text[s.pos])) {
			s.pos++
		}
		s.pos = min(s.pos, n.val.start+len(strings.TrimRight(s.text[n.val.start:s.pos], " \t")))
	}
	n.val.end = max(s.pos, n.val.start)
	if s.pos == n.val.start && s.pos < len(s.text) {
		s.pos++ // not valid TOML after all; go on without looping
	}
	return n
}

// quoted passes over a string of any of TOML's four kinds.
func (s *scanner) quoted() {
	q := s.text[s.pos : s.pos+1]
	if triple := strings.Repeat(q, 3); strings.HasPrefix(s.text[s.pos:], triple) {
		s.pos += 3
		for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], triple) {
			s.char(q)
		}
		// Up to two quotes may precede the closing three.
		for n := 0; n < 5 && s.take(q[0]); n++ {
		}
		return
	}
	s.pos++
	for s.pos < len(s.text) && s.text[s.pos] != q[0] {
		s.char(q)
	}
	s.take(q[0])
}

// char passes over one character of a string; a backslash escapes the next
// one between double quotes.
func (s *scanner) char(quote string) {
	if quote == `"` && s.text[s.pos] == '\\' {
		s.pos++
	}
	s.pos = min(s.pos+1, len(s.text))
}
