package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/suggest"
)

// reader reads the tables of one source into the structs.
type reader struct {
	*Places
	src *source
}

func (r *reader) report(s span, text, hint string) {
	r.problems = append(r.problems, r.src.at(s, text, hint))
}

// table reads the keys of a table. The label is its path, "" for the document.
func (r *reader) table(label string, n *node, into reflect.Value) {
	fields := r.fields(into.Type())
	for _, name := range n.names {
		child := n.table[name]
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			r.unknown(label, name, child, fields)
			continue
		}
		path := join(label, name)
		r.places[path] = place{r.src, child}
		f, value := fields[i], into.Field(fields[i].index)
		ok := true
		switch {
		case f.kind == tableField && child.kind != tableNode:
			r.report(child.val, fmt.Sprintf("%s is %s; it must be a table", path, r.describe(child)), r.howToWrite(path))
			ok = false
		case f.kind == tableField:
			r.table(path, child, value)
		case f.kind == tablesField && r.src.isOverride():
			r.namedTables(path, child, value)
		case f.kind == tablesField && f.named:
			ok = r.headedTables(path, child, value)
		case f.kind == tablesField:
			ok = r.tables(path, child, value)
		default:
			ok = r.value(path, f, child, value)
		}
		r.unread[path] = r.unread[path] || !ok
	}
}

// howToWrite shows how a key of the table is set in this source.
func (r *reader) howToWrite(table string) string {
	if r.src.isOverride() {
		return fmt.Sprintf("write %s.KEY=VALUE", table)
	}
	return fmt.Sprintf("write [%s] before its keys", table)
}

// unknown reports a key or table that the struct does not have.
func (r *reader) unknown(label, name string, n *node, fields []field) {
	var names, shown []string
	heading := "known: "
	for _, f := range fields {
		names = append(names, f.name)
		switch f.kind {
		case tableField:
			shown, heading = append(shown, "["+f.name+"]"), "known tables: "
		case tablesField:
			shown, heading = append(shown, f.heading()), "known tables: "
		default:
			shown = append(shown, f.name)
		}
	}
	hint := heading + strings.Join(shown, ", ")
	what, where := "key", ""
	if label != "" {
		where = " in " + label
	} else if n.kind == tableNode || n.isList() {
		what = "table"
	}
	if len(r.problems) >= 4*maxShown {
		hint = "" // it will hardly be shown, and finding it takes time
	} else if homes := r.homes(name); homes != "" && what == "key" {
		hint = "it belongs in " + homes
	} else if near := suggest.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", shown[slices.Index(names, near)])
	}
	r.report(n.key, fmt.Sprintf("unknown %s %s%s", what, clip(name), where), hint)
}

// homes returns the tables of the document that have the key.
func (p *Places) homes(key string) string {
	var homes []string
	for _, f := range p.fields(p.root.Type()) {
		of, shown := f.typ, "["+f.name+"]"
		switch f.kind {
		case tablesField:
			of, shown = f.typ.Elem(), f.heading()
		case tableField:
		default:
			continue
		}
		if slices.ContainsFunc(p.fields(of), func(f field) bool { return f.name == key }) {
			homes = append(homes, shown)
		}
	}
	return strings.Join(homes, " or ")
}

// tables reads a list of tables of the file.
func (r *reader) tables(path string, n *node, into reflect.Value) bool {
	howTo := fmt.Sprintf("write [[%s]] before the keys of each", path)
	if n.kind != arrayNode {
		r.report(n.key, fmt.Sprintf("%s is %s; it must be a list of tables", path, typeName(n)), howTo)
		return false
	}
	ok := true
	for i, e := range n.elems {
		if e.kind != tableNode {
			r.report(e.val, fmt.Sprintf("%s holds %s; it must be a list of tables", path, r.describe(e)), howTo)
			ok = false
			continue
		}
		table := reflect.New(into.Type().Elem()).Elem()
		setDefaults(table)
		label := fmt.Sprintf("%s #%d", path, i+1)
		name, usable := nameOf(e)
		twice := usable && slices.Contains(r.names[path], join(path, name))
		if usable && !twice {
			label = join(path, name)
		} else if twice {
			label = fmt.Sprintf("%s #%d", join(path, name), i+1)
		}
		r.places[label] = place{r.src, e}
		r.table(label, e, table)
		switch {
		case e.table[nameKey] == nil:
			r.report(e.key, fmt.Sprintf("this %s has no name", path), `write name = "..."`)
		case twice:
			r.report(e.table[nameKey].val, fmt.Sprintf("a second %s has the name %q", path, name), "give each its own")
		}
		into.Set(reflect.Append(into, table))
		r.names[path] = append(r.names[path], label)
	}
	return ok
}

// headedTables reads the tables [LIST.NAME] of the file.
func (r *reader) headedTables(path string, n *node, into reflect.Value) bool {
	howTo := fmt.Sprintf("write [%s.NAME] before the keys of each", path)
	if n.kind != tableNode {
		r.report(n.key, fmt.Sprintf("%s is %s; it must hold tables", path, typeName(n)), howTo)
		return false
	}
	ok := true
	for _, name := range n.names {
		e, label := n.table[name], join(path, name)
		switch {
		case e.kind != tableNode:
			r.report(e.key, fmt.Sprintf("%s is %s; it must be a table", clip(label), typeName(e)), howTo)
		case !tableName.MatchString(name):
			r.report(e.key, fmt.Sprintf("%s is not a name", clip(name)), "allowed: "+nameRule)
		case e.table[nameKey] != nil:
			r.report(e.table[nameKey].key, fmt.Sprintf("unknown key %s in %s", nameKey, label), "its name is in the heading")
		default:
			table := reflect.New(into.Type().Elem()).Elem()
			setDefaults(table)
			for _, f := range r.fields(table.Type()) {
				if f.kind == nameField {
					table.Field(f.index).SetString(name)
				}
			}
			r.places[label] = place{r.src, e}
			r.table(label, e, table)
			into.Set(reflect.Append(into, table))
			r.names[path] = append(r.names[path], label)
			continue
		}
		ok = false
	}
	return ok
}

// heading shows how a list of tables is written.
func (f field) heading() string {
	if f.named {
		return "[" + f.name + ".NAME]"
	}
	return "[[" + f.name + "]]"
}

// nameOf returns the name of a table in a list if it has a usable one.
func nameOf(e *node) (string, bool) {
	n := e.table[nameKey]
	if n == nil {
		return "", false
	}
	name, ok := n.value.(string)
	return name, ok && tableName.MatchString(name)
}

// setDefaults gives the fields of a table in a list the values of their tags.
func setDefaults(table reflect.Value) {
	for _, f := range fieldsOf(table.Type()) {
		if f.byDefault == "" {
			continue
		}
		src := &source{name: "default", text: "v = " + f.byDefault}
		root, problem := src.parse()
		r := &reader{&Places{}, src}
		if problem != nil || !r.value(f.name, f, root.table["v"], table.Field(f.index)) {
			panic(fmt.Sprintf("config: %s.%s has the default %s", table.Type(), f.name, f.byDefault))
		}
	}
}

// namedTables reads LIST.NAME.KEY=VALUE of an override.
func (r *reader) namedTables(path string, n *node, into reflect.Value) {
	howTo := fmt.Sprintf("write %s.NAME.KEY=VALUE", path)
	if n.kind != tableNode {
		r.report(n.key, fmt.Sprintf("%s needs the name of one", path), howTo)
		return
	}
	for _, name := range n.names {
		child, label := n.table[name], join(path, name)
		i := slices.Index(r.names[path], label)
		switch {
		case i < 0:
			r.unknownName(path, name, child)
		case child.kind != tableNode:
			r.report(child.key, fmt.Sprintf("%s is a whole table", label), howTo)
		case child.table[nameKey] != nil:
			r.report(child.table[nameKey].key, label+" cannot be renamed by an override", "overrides address it by its name")
		default:
			r.table(label, child, into.Index(i))
		}
	}
}

func (r *reader) unknownName(path, name string, n *node) {
	const most = 20
	var names []string
	for _, l := range r.names[path] {
		if known, ok := strings.CutPrefix(l, path+"."); ok {
			names = append(names, known)
		}
	}
	hint := "known: " + strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		hint += ", ..."
	}
	if near := suggest.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	r.report(n.key, fmt.Sprintf("unknown %s %s", path, clip(name)), hint)
}

// maxList bounds the length of a list, so that a typing mistake cannot ask for
// more than there is memory to name.
const maxList = 10_000

// value reads a scalar or a list of scalars. The old value stays if the new one
// is refused.
func (r *reader) value(path string, f field, n *node, into reflect.Value) bool {
	if !f.list {
		return r.scalar(path+" is", f, n, into)
	}
	if text, ok := n.value.(string); ok && f.kind == integerField {
		return r.interval(path, f, text, n, into)
	}
	if n.kind != arrayNode {
		r.wrongType(path+" is", f, n, "a list")
		return false
	}
	if len(n.elems) == 0 && !f.mayEmpty {
		r.report(n.val, path+" is an empty list", "it needs at least one value; allowed: "+f.allowed())
		return false
	}
	if len(n.elems) > maxList {
		r.report(n.val, fmt.Sprintf("%s has %d values", path, len(n.elems)), fmt.Sprintf("allowed: at most %d", maxList))
		return false
	}
	list, ok := reflect.MakeSlice(f.typ, 0, len(n.elems)), true
	seen := make(map[any]bool, len(n.elems))
	for _, e := range n.elems {
		x := reflect.New(f.typ.Elem()).Elem()
		switch {
		case !r.scalar(path+" holds", f, e, x):
			ok = false
		case seen[x.Interface()]:
			r.report(e.val, fmt.Sprintf("%s holds %s twice", path, r.src.show(e.val)), "each value may stand once")
			ok = false
		default:
			seen[x.Interface()] = true
			list = reflect.Append(list, x)
		}
	}
	if ok {
		into.Set(list)
	}
	return ok
}

// interval reads a range of integers, "first..last".
func (r *reader) interval(path string, f field, text string, n *node, into reflect.Value) bool {
	from, to, ok := strings.Cut(text, "..")
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	if !ok || err1 != nil || err2 != nil || first > last {
		r.report(n.val, fmt.Sprintf("%s is %s, which is not a range", path, r.src.show(n.val)), `write "0..9" for the integers from 0 to 9, or a list such as [0, 1, 2]`)
		return false
	}
	if uint64(last-first) >= maxList {
		r.report(n.val, fmt.Sprintf("%s has %d values", path, uint64(last-first)+1), fmt.Sprintf("allowed: at most %d", maxList))
		return false
	}
	list := reflect.MakeSlice(f.typ, 0, int(last-first)+1)
	for _, end := range []int64{first, last} { // what lies between is in the range if both ends are
		if !f.limits.contains(float64(end)) {
			return r.refuse(path+" holds", f, n)
		}
	}
	for i := first; i <= last; i++ {
		list = reflect.Append(list, reflect.ValueOf(i).Convert(f.typ.Elem()))
	}
	into.Set(list)
	return true
}

// scalar reads one value. The subject is what its problems begin with:
// "train.epochs is" or "experiment.paper.k holds".
func (r *reader) scalar(subject string, f field, n *node, into reflect.Value) bool {
	switch f.kind {
	case integerField:
		if x, ok := n.value.(int64); ok {
			if !f.limits.contains(float64(x)) || into.OverflowInt(x) {
				return r.refuse(subject, f, n)
			}
			into.SetInt(x)
			return true
		}
	case numberField:
		x, ok := n.value.(float64)
		if i, whole := n.value.(int64); whole {
			x, ok = float64(i), true
		}
		if ok {
			if !f.limits.contains(x) {
				return r.refuse(subject, f, n)
			}
			into.SetFloat(x + 0) // -0 becomes 0
			return true
		}
	case booleanField:
		if b, ok := n.value.(bool); ok {
			into.SetBool(b)
			return true
		}
	default:
		if text, ok := n.value.(string); ok {
			if f.kind == nameField && !tableName.MatchString(text) {
				return r.refuse(subject, f, n)
			}
			switch {
			case f.kind == nameField || slices.Contains(f.choices, text):
			case f.free != "":
				if len(text) > maxFree || strings.ContainsRune(text, 0) {
					return r.refuse(subject, f, n)
				}
			case f.or != "" && !f.list:
				path, _ := strings.CutSuffix(subject, " is")
				r.others = append(r.others, reference{path, f, place{r.src, n}})
			default:
				r.unknownText(subject, f, n)
				return false
			}
			into.SetString(text)
			return true
		}
	}
	r.wrongType(subject, f, n, f.article())
	return false
}

// maxFree bounds a text that may be any, in bytes.
const maxFree = 4096

// unknownText reports a text that is none of those that are known.
func (r *reader) unknownText(subject string, f field, n *node) {
	known := slices.Clone(f.choices)
	for _, label := range r.names[f.or] {
		if name := strings.TrimPrefix(label, f.or+"."); !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	hint := "known: " + quoted(known)
	if f.or != "" {
		hint += ", or the NAME of a table [" + f.or + ".NAME]"
	}
	if near := suggest.Nearest(n.value.(string), known); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near) + hint
	}
	r.report(n.val, fmt.Sprintf("%s %s, which is not known", subject, r.src.show(n.val)), hint)
}

// refuse reports a value of the right type outside its range.
func (r *reader) refuse(subject string, f field, n *node) bool {
	r.report(n.val, fmt.Sprintf("%s %s", subject, r.src.show(n.val)), "allowed: "+f.allowed())
	return false
}

// wrongType reports a value of a type that its key cannot have.
func (r *reader) wrongType(subject string, f field, n *node, want string) {
	hint := "allowed: " + f.allowed()
	if want == "a list" && n.kind == scalarNode {
		hint = fmt.Sprintf("for one value: [%s]", r.src.show(n.val))
		if x, whole := n.value.(int64); whole && f.kind == integerField && x > 1 {
			hint += fmt.Sprintf("; for the values from 0 to %d: \"0..%d\"", x-1, x-1)
		}
	}
	r.report(n.val, fmt.Sprintf("%s %s; it must be %s", subject, r.describe(n), want), hint)
}

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
