package stages

import (
	"fmt"
	"slices"
	"strings"
)

// place is where the value that counts was set: in the file, or in the last
// override that names it.
type place struct {
	src  *source
	node *node
}

// decoding collects params and everything that is wrong with them.
type decoding struct {
	params   Params
	labels   []string // of the experiments: "experiment.paper", or "experiment #2" without a usable name
	problems []Problem
	places   map[string]place // of each key that was set, by its label
	unread   map[string]bool  // keys whose value could not be read: nothing is concluded from them
	lossy    bool             // a part of the file could not be read: nothing is missing for sure

	available map[string]int // the objects of each data set there is

	strayTable bool // a table of another name was seen, which may be meant for a missing one
}

// reader reads the tables of one source.
type reader struct {
	*decoding
	src *source
}

func (r *reader) report(s span, text, hint string) {
	r.problems = append(r.problems, r.src.at(s, text, hint))
}

// wrongType reports a value of a type that its key cannot have; the subject
// ends in the verb, as in "train.epochs is".
func (r *reader) wrongType(subject string, n *node, want, allowed string) {
	hint := allowedHint(allowed)
	if want == "a list" && n.kind == scalarNode {
		hint = fmt.Sprintf("for one value: [%s]", r.src.show(n.val))
	}
	r.report(n.val, fmt.Sprintf("%s %s; it must be %s", subject, r.describe(n), want), hint)
}

func (r *reader) outOfRange(subject string, n *node, allowed string) {
	r.report(n.val, fmt.Sprintf("%s %s", subject, r.src.show(n.val)), allowedHint(allowed))
}

func allowedHint(allowed string) string { return "allowed: " + allowed }

// describe names a value with its type. A table may be spread over the file,
// so its text is not shown.
func (r *reader) describe(n *node) string {
	if n.kind == tableNode {
		return typeName(n)
	}
	return r.src.show(n.val) + ", " + typeName(n)
}

// typeName names the TOML type of a value.
func typeName(n *node) string {
	switch n.kind {
	case arrayNode:
		return "a list"
	case tableNode:
		return "a table"
	}
	switch n.value.(type) {
	case string:
		return "a text"
	case int64:
		return "an integer"
	case float64:
		return "a floating-point number"
	case bool:
		return "a boolean"
	}
	return "a date or time"
}

// table is one of the tables of which there is one.
type table struct {
	name   string
	fields []field
}

func (p *Params) tables() []table {
	return []table{
		{"data", p.Data.fields()},
		{"train", p.Train.fields()},
		{"differences", p.Differences.fields()},
		{"curvature", p.Curvature.fields()},
		{"figures", p.Figures.fields()},
	}
}

const experimentTable = "experiment"

// file reads the params file.
func (d *decoding) file(src *source) {
	root, problems, lossy := src.parse()
	d.problems = append(d.problems, problems...)
	d.lossy = lossy
	r := &reader{d, src}
	if root == nil {
		return
	}
	r.tables(root, r.experiments)
	if root.table[experimentTable] == nil && !lossy && !d.strayTable {
		d.problems = append(d.problems, Problem{File: src.name, Text: "no [[experiment]], so there is nothing to run", Hint: "params.toml of the project documents its keys"})
	}
}

// override reads one KEY=VALUE.
func (d *decoding) override(src *source) {
	r := &reader{d, src}
	whole := span{0, len(src.text)}
	if strings.ContainsAny(src.text, "\r\n") || !strings.Contains(src.text, "=") || strings.HasPrefix(strings.TrimSpace(src.text), "[") {
		r.report(whole, "not of the form KEY=VALUE", "such as train.learning_rate=0.002")
		return
	}
	root, problems, _ := src.parse()
	d.problems = append(d.problems, problems...)
	if root == nil {
		return
	}
	if len(root.names) == 0 {
		r.report(whole, "not of the form KEY=VALUE", "such as train.learning_rate=0.002")
		return
	}
	r.tables(root, r.namedExperiments)
}

// tables reads the top level of a source; experiments reads its experiments,
// which a file and an override write in different ways.
func (r *reader) tables(root *node, experiments func(*node)) {
	known := r.params.tables()
	for _, name := range root.names {
		n := root.table[name]
		if name == experimentTable {
			experiments(n)
			continue
		}
		i := slices.IndexFunc(known, func(t table) bool { return t.name == name })
		switch {
		case i < 0:
			r.unknownTable(name, n, known)
		case n.kind != tableNode:
			r.report(n.val, fmt.Sprintf("%s is %s; it must be a table", name, r.describe(n)), r.howToWrite(name))
		default:
			r.fields(name, name, n, known[i].fields)
		}
	}
}

// howToWrite shows how a key of the table is set in this source.
func (r *reader) howToWrite(table string) string {
	if r.src.override {
		return fmt.Sprintf("write %s.KEY=VALUE", table)
	}
	return fmt.Sprintf("write [%s] before its keys", table)
}

// unknownTable reports a name at the top level that means nothing there.
func (r *reader) unknownTable(name string, n *node, known []table) {
	r.strayTable = true
	var names, shown []string
	for _, t := range known {
		names = append(names, t.name)
		shown = append(shown, "["+t.name+"]")
	}
	names = append(names, experimentTable)
	shown = append(shown, "[["+experimentTable+"]]")
	what := "key"
	if n.kind == tableNode || n.kind == arrayNode && len(n.elems) > 0 && n.elems[0].kind == tableNode {
		what = "table"
	}
	hint := "known tables: " + strings.Join(shown, ", ")
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", shown[slices.Index(names, near)])
	}
	if home := homes(name, ""); home != "" && what == "key" {
		hint = "it belongs into " + home
	}
	r.report(n.key, fmt.Sprintf("unknown %s %s", what, clip(name)), hint)
}

// fields reads the keys of one table. The label is how messages and
// overrides call it.
func (r *reader) fields(tableName, label string, n *node, known []field) {
	for _, name := range n.names {
		child := n.table[name]
		i := slices.IndexFunc(known, func(f field) bool { return f.name == name })
		if i < 0 {
			names := make([]string, len(known))
			for j, f := range known {
				names[j] = f.name
			}
			hint := "known: " + strings.Join(names, ", ")
			if near := nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			} else if home := homes(name, tableName); home != "" {
				hint = "it belongs into " + home
			}
			r.report(child.key, fmt.Sprintf("unknown key %s in %s", clip(name), label), hint)
			continue
		}
		key := label + "." + name
		r.places[key] = place{r.src, child}
		if !known[i].read(r, key, child) {
			r.unread[key] = true
		}
	}
}

// homes returns the tables other than the given one that know the key.
func homes(key, except string) string {
	var p Params
	all := append(p.tables(), table{experimentTable, new(Experiment).fields()})
	var found []string
	for _, t := range all {
		if t.name != except && slices.ContainsFunc(t.fields, func(f field) bool { return f.name == key }) {
			if t.name == experimentTable {
				found = append(found, "an [[experiment]]")
			} else {
				found = append(found, "["+t.name+"]")
			}
		}
	}
	return strings.Join(found, " or ")
}

// clip makes a name from a params file fit for a message.
func clip(name string) string {
	if name == "" {
		return `""`
	}
	shown, _, _ := window([]rune(name), 0, 0)
	return shown
}
