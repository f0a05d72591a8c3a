// Package config reads TOML strictly into structs and reports all mistakes at
// once, each with its place. It knows nothing of what the values mean.
//
// Tags of a struct's fields say what a key may hold:
//
//	toml:"epochs"       its name; a field without the tag is no key
//	range:"1 to 10000"  of a number, or of each number in a list: also
//	                    "0 or more", "above 0, at most 10", "at least 0, below 1"
//	empty:"true"        a list may be empty
//	default:"[0]"       the value, in TOML, of a key that is left out of a table
//	                    in a list of tables
//	text:"path of …"    a string may be any text; the tag says what it is
//	or:"dataset"        a string may also be a name in that list of tables
//	named:"true"        the tables of a list are written [dataset.NAME], each
//	                    with its name in the heading, and in any order with
//	                    the others
//
// A field is an integer, a float64, a boolean, a string, a list of integers or
// strings without duplicates, a struct (a table), or a list of structs. A list of
// integers may be written as a range, "0..38", with both ends. Which
// strings are known, a struct says by the method [Chooser].
//
// The tables of a list have names: their struct has a field of the key "name",
// which is unique and, where the heading does not give it, required. An override
// addresses the table by it.
package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Chooser is a struct of which some keys, strings or lists of strings, may
// have given values only.
type Chooser interface {
	// Choices returns the known values by the name of the key.
	Choices() map[string][]string
}

// Parse reads a file and applies the overrides, each written KEY=VALUE with a
// TOML value: train.epochs=3, or, with the name of a table in a list,
// experiment.paper.seeds=[0, 1]. A later override of the same key wins. into
// points to a struct; a key that is given nowhere keeps the value it has there.
// The name stands for the file in problems.
//
// check, unless it is nil, is called when everything has been read, and reports
// what is wrong between the values. After an error of syntax in the file nothing
// else is read or checked. The error is an [*Error].
func Parse(name string, text []byte, overrides []string, into any, check func(*Places)) error {
	p := &Places{file: name, root: reflect.ValueOf(into).Elem(), places: map[string]place{}, unread: map[string]bool{}, names: map[string][]string{}, types: map[reflect.Type][]field{}}
	src := &source{name: name, text: string(text)}
	root, problem := src.parse()
	if problem != nil {
		return &Error{[]Problem{*problem}}
	}
	(&reader{p, src}).table("", root, p.root)
	for i, o := range overrides {
		p.override(&source{name: fmt.Sprintf("--set #%d", i+1), text: o, order: i + 1})
	}
	p.findNames()
	if check != nil {
		check(p)
	}
	if len(p.problems) > 0 {
		sortProblems(p.problems)
		return &Error{p.problems}
	}
	return nil
}

// override reads one KEY=VALUE.
func (p *Places) override(src *source) {
	r := &reader{p, src}
	wrong := func() {
		r.report(span{0, len(src.text)}, "not of the form KEY=VALUE", "such as train.learning_rate=0.002")
	}
	if strings.ContainsAny(src.text, "\r\n") || !strings.Contains(src.text, "=") || strings.HasPrefix(strings.TrimSpace(src.text), "[") {
		wrong()
		return
	}
	root, problem := src.parse()
	switch {
	case problem != nil:
		p.problems = append(p.problems, *problem)
	case len(root.names) == 0:
		wrong()
	default:
		r.table("", root, p.root)
	}
}

// place is where the value that counts was set: in the file, or in the last
// override of it.
type place struct {
	src  *source
	node *node
}

// Places knows where each value was given and collects problems. A path is the
// name of a table and a key, "train.epochs"; of a table in a list, the label
// that [Places.Label] returns and a key; with an index, an element of a list:
// "experiment.paper.k[2]".
type Places struct {
	file     string
	root     reflect.Value
	problems []Problem
	places   map[string]place    // by path
	unread   map[string]bool     // paths whose value could not be read
	names    map[string][]string // by list of tables, the label of each
	types    map[reflect.Type][]field
	others   []reference
}

// reference is a text that may be the name of a table in a list, which is known
// only when everything has been read.
type reference struct {
	path  string
	field field
	place
}

// findNames reports the references that name no table.
func (p *Places) findNames() {
	for _, r := range p.others {
		if p.places[r.path].node == r.node && !slices.Contains(p.names[r.field.or], join(r.field.or, r.node.value.(string))) {
			(&reader{p, r.src}).unknownText(r.path+" is", r.field, r.node)
			p.unread[r.path] = true
		}
	}
}

// fields is fieldsOf, computed once per type.
func (p *Places) fields(t reflect.Type) []field {
	if p.types[t] == nil {
		p.types[t] = fieldsOf(t)
	}
	return p.types[t]
}

// Label returns the label of table i of a list: "experiment.paper", or
// "experiment #2" if it has no usable name.
func (p *Places) Label(list string, i int) string { return p.names[list][i] }

// Given reports whether the file or an override sets the path.
func (p *Places) Given(path string) bool { return p.places[path].node != nil }

// Overridden reports whether an override sets the path.
func (p *Places) Overridden(path string) bool {
	at := p.places[path]
	return at.node != nil && at.src.isOverride()
}

// Read reports whether no value of the paths was refused. Nothing should be
// concluded from one that was.
func (p *Places) Read(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return p.unread[path] })
}

// Blame reports a problem with the value of a path, or, if it was not given,
// with the table around it or the file as a whole.
func (p *Places) Blame(path, text, hint string) {
	index := -1
	if list, i, ok := strings.Cut(strings.TrimSuffix(path, "]"), "["); ok {
		path = list
		index, _ = strconv.Atoi(i)
	}
	at, ok := p.places[path]
	for !ok && path != "" {
		path, index = path[:max(0, strings.LastIndexByte(path, '.'))], -1
		at, ok = p.places[path]
	}
	if !ok {
		p.problems = append(p.problems, Problem{File: p.file, Text: text, Hint: hint})
		return
	}
	s := at.node.val
	switch {
	case at.node.kind == tableNode:
		s = at.node.key
	case index >= 0 && index < len(at.node.elems):
		s = at.node.elems[index].val
	}
	p.problems = append(p.problems, at.src.at(s, text, hint))
}

// Key is one key of a struct, as its documentation needs it.
type Key struct {
	Path    string // "train.epochs"; of a table in a list "experiment.NAME.k"
	Values  string // "Integer, 1 to 10000"
	Default string // the tag; "" without one
}

// Keys returns the keys of a struct and of the structs in it, in their order.
func Keys(of any) []Key { return keys("", reflect.Indirect(reflect.ValueOf(of)).Type(), false) }

func keys(prefix string, t reflect.Type, inHeading bool) []Key {
	var all []Key
	for _, f := range fieldsOf(t) {
		path := join(prefix, f.name)
		switch f.kind {
		case tableField:
			all = append(all, keys(path, f.typ, false)...)
		case tablesField:
			all = append(all, keys(path+".NAME", f.typ.Elem(), f.named)...)
		case nameField:
			if !inHeading {
				all = append(all, Key{path, f.values(), f.byDefault})
			}
		default:
			all = append(all, Key{path, f.values(), f.byDefault})
		}
	}
	return all
}

// fieldKind is what a key holds.
type fieldKind int

const (
	integerField fieldKind = iota
	numberField
	booleanField
	textField
	nameField // the name of a table in a list
	tableField
	tablesField
)

// field is one key of a struct.
type field struct {
	name      string
	index     int
	kind      fieldKind
	list      bool // a list of such values
	typ       reflect.Type
	limits    interval // of a number
	choices   []string // of a text
	or        string   // the list whose names a text may also be
	free      string   // what a text is that may be any; "" for one of the choices
	named     bool     // a list of tables, each with its name in the heading
	mayEmpty  bool
	byDefault string
}

// nameKey is the key that names a table in a list.
const nameKey = "name"

var tableName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

const nameRule = "letters, digits, - and _, at most 64, beginning with a letter or digit"

// fieldsOf returns the keys of a struct type. It panics where the tags
// contradict the types.
func fieldsOf(t reflect.Type) []field {
	var choices map[string][]string
	if c, ok := reflect.New(t).Interface().(Chooser); ok {
		choices = c.Choices()
	}
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, ok := sf.Tag.Lookup("toml")
		if !ok {
			continue
		}
		f := field{name: name, index: i, typ: sf.Type, byDefault: sf.Tag.Get("default"), mayEmpty: sf.Tag.Get("empty") == "true", choices: choices[name], or: sf.Tag.Get("or"), free: sf.Tag.Get("text"), named: sf.Tag.Get("named") == "true"}
		of := sf.Type
		if of.Kind() == reflect.Slice {
			f.list, of = true, of.Elem()
		}
		switch of.Kind() {
		case reflect.Int, reflect.Int64:
			f.kind = integerField
		case reflect.Float64:
			f.kind = numberField
		case reflect.Bool:
			f.kind = booleanField
		case reflect.String:
			if f.kind = textField; name == nameKey {
				f.kind = nameField
			}
		case reflect.Struct:
			if f.kind = tableField; f.list {
				f.kind = tablesField
			}
		default:
			panic(fmt.Sprintf("config: %s.%s has the type %s", t, sf.Name, sf.Type))
		}
		if f.kind == integerField || f.kind == numberField {
			if f.limits, ok = parseInterval(sf.Tag.Get("range")); !ok {
				panic(fmt.Sprintf("config: %s.%s has the range %q", t, sf.Name, sf.Tag.Get("range")))
			}
		}
		fields = append(fields, f)
	}
	return fields
}

// allowed says what the field, or each element of it, may be.
func (f field) allowed() string {
	switch f.kind {
	case integerField, numberField:
		return f.limits.text
	case booleanField:
		return "true or false"
	case nameField:
		return nameRule
	}
	switch {
	case f.free != "":
		return f.free
	case f.or != "":
		return quoted(f.choices) + ", or the NAME of a table [" + f.or + ".NAME]"
	}
	return quoted(f.choices)
}

// values says what the field may be, with its type.
func (f field) values() string {
	switch {
	case f.kind == integerField && f.list:
		return "List of integers or a range \"0..9\", each " + f.allowed()
	case f.kind == textField && f.list:
		return "List of " + f.allowed()
	case f.kind == integerField:
		return "Integer, " + f.allowed()
	case f.kind == numberField:
		return "Number, " + f.allowed()
	case f.kind == booleanField:
		return "Boolean"
	case f.kind == nameField || f.free != "":
		return "Text, " + f.allowed()
	}
	return "One of " + f.allowed()
}

// article names the type of the field, or of each element of it.
func (f field) article() string {
	switch f.kind {
	case integerField:
		return "an integer"
	case numberField:
		return "a number"
	case booleanField:
		return "a boolean"
	}
	return "a text"
}

func quoted(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	return strings.Join(q, ", ")
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

// interval is a range of finite real numbers.
type interval struct {
	text           string
	lo, hi         float64
	loOpen, hiOpen bool
}

// parseInterval reads a tag such as "1 to 10" or "above 0, at most 1".
func parseInterval(text string) (iv interval, ok bool) {
	iv = interval{text: text, lo: math.Inf(-1), hi: math.Inf(1)}
	number := func(s string) (x float64) {
		x, err := strconv.ParseFloat(s, 64)
		ok = ok && err == nil
		return x
	}
	ok = true
	if lo, hi, isPair := strings.Cut(text, " to "); isPair {
		iv.lo, iv.hi = number(lo), number(hi)
		return iv, ok
	}
	if lo, atLeast := strings.CutSuffix(text, " or more"); atLeast {
		iv.lo = number(lo)
		return iv, ok
	}
	for part := range strings.SplitSeq(text, ", ") {
		if s, found := strings.CutPrefix(part, "above "); found {
			iv.lo, iv.loOpen = number(s), true
		} else if s, found := strings.CutPrefix(part, "at least "); found {
			iv.lo = number(s)
		} else if s, found := strings.CutPrefix(part, "below "); found {
			iv.hi, iv.hiOpen = number(s), true
		} else if s, found := strings.CutPrefix(part, "at most "); found {
			iv.hi = number(s)
		} else {
			return iv, false
		}
	}
	return iv, ok
}

func (iv interval) contains(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0) &&
		(x > iv.lo || !iv.loOpen && x == iv.lo) && (x < iv.hi || !iv.hiOpen && x == iv.hi)
}
