package stages

import (
	"strings"
)

// node is a value of a TOML document with the place where it stands. The
// TOML decoder keeps no positions, so the text is scanned a second time: the
// decoder has already said that it is valid TOML and what its values are, so
// the scan has only to find where keys and values begin and end.
type node struct {
	kind  nodeKind
	key   span // the key that names it, or its part of a table header
	val   span // the value; of a table with a header the header's part
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

func newTable(key span) *node {
	return &node{kind: tableNode, key: key, val: key, table: map[string]*node{}}
}

func (n *node) put(name string, child *node) {
	if _, ok := n.table[name]; !ok {
		n.names = append(n.names, name)
	}
	n.table[name] = child
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

// scanner walks over valid TOML.
type scanner struct {
	text  string
	pos   int
	again []span // keys that are defined a second time and that the decoder let pass
}

// scanTree returns the tree of a valid TOML text. The decoder silently keeps
// the first of `a.b = 1` and `a = 2`; such second definitions come back in
// again.
func scanTree(text string) (root *node, again []span) {
	s := &scanner{text: text}
	root = newTable(span{})
	current := root
	for {
		s.skip(" \t\r\n")
		switch s.peek() {
		case 0:
			return root, s.again
		case '[':
			current = s.header(root)
		default:
			s.assignment(current)
		}
	}
}

// skip passes over the given characters and over comments.
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

// peek returns the next byte, 0 at the end. Valid TOML holds no byte 0.
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

// dottedKey reads a key such as a."b c".d.
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

// into returns the table named by one part of a key, the last one of an
// array of tables, and makes it where it is new.
func (s *scanner) into(at *node, p keyPart) *node {
	child := at.table[p.name]
	switch {
	case child == nil:
		child = newTable(p.span)
		at.put(p.name, child)
	case child.kind == arrayNode && len(child.elems) > 0 && child.elems[len(child.elems)-1].kind == tableNode:
		child = child.elems[len(child.elems)-1]
	case child.kind != tableNode:
		s.again = append(s.again, p.span)
		child = newTable(p.span)
	}
	return child
}

// assignment reads key = value into a table.
func (s *scanner) assignment(at *node) {
	start := s.pos
	parts := s.dottedKey()
	s.take('=')
	for _, p := range parts[:len(parts)-1] {
		at = s.into(at, p)
	}
	last := parts[len(parts)-1]
	child := s.value()
	child.key = last.span
	if at.table[last.name] != nil {
		s.again = append(s.again, last.span)
	} else {
		at.put(last.name, child)
	}
	if s.pos == start {
		s.pos++ // not valid TOML after all; go on without looping
	}
}

// value reads a value and what stands before it on its line.
func (s *scanner) value() *node {
	s.skip(" \t")
	n := &node{val: span{start: s.pos}}
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		n.kind = arrayNode
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != ']' && s.peek() != 0; s.skip(" \t\r\n,") {
			elem := s.value()
			elem.key = elem.val
			n.elems = append(n.elems, elem)
		}
		s.take(']')
	case '{':
		n.kind = tableNode
		n.table = map[string]*node{}
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != '}' && s.peek() != 0; s.skip(" \t\r\n,") {
			s.assignment(n)
		}
		s.take('}')
	default:
		// A date may hold one blank, so the value ends at what may follow it.
		for s.pos < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.text[s.pos])) {
			s.pos++
		}
		s.pos = n.val.start + len(strings.TrimRight(s.text[n.val.start:s.pos], " \t"))
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
		// Up to two quotes may stand before the closing three.
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
