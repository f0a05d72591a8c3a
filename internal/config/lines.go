package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Lines writes a struct as one line per value, under the names that overrides
// use: "train.learning_rate" is "0.001", "experiment.paper.k" is "[10000]". A
// list of tables has a line with their names in order, "experiment" is
// "[\"paper\"]"; an empty one has none. The values are JSON, which for such values is TOML too.
func Lines(of any) map[string]string {
	lines := map[string]string{}
	addLines(lines, "", reflect.Indirect(reflect.ValueOf(of)))
	return lines
}

func addLines(lines map[string]string, label string, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		path, value := join(label, f.name), v.Field(f.index)
		switch f.kind {
		case tableField:
			addLines(lines, path, value)
		case tablesField:
			names := make([]string, value.Len())
			for i := range names {
				table := value.Index(i)
				for _, inner := range fieldsOf(table.Type()) {
					if inner.kind == nameField {
						names[i] = table.Field(inner.index).String()
					}
				}
				addLines(lines, join(path, names[i]), table)
			}
			if len(names) > 0 {
				lines[path] = toJSON(names)
			}
		case nameField: // part of the path
		default:
			lines[path] = toJSON(value.Interface())
		}
	}
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // numbers, booleans and texts; the ranges exclude NaN
	}
	return string(text)
}

// ParseLines is [Parse] for what [Lines] wrote. Lines that are missing count as
// keys that are left out.
func ParseLines(name string, lines map[string]string, into any, check func(*Places)) error {
	var text strings.Builder
	write := func(prefix string) {
		for _, path := range slices.Sorted(maps.Keys(lines)) {
			if key, ok := strings.CutPrefix(path, prefix); ok {
				fmt.Fprintf(&text, "%s = %s\n", key, lines[path])
			}
		}
	}
	lines = maps.Clone(lines)
	var tables strings.Builder
	for _, f := range fieldsOf(reflect.Indirect(reflect.ValueOf(into)).Type()) {
		if f.kind != tablesField || lines[f.name] == "" {
			continue
		}
		var names []string
		if err := json.Unmarshal([]byte(lines[f.name]), &names); err != nil {
			return fmt.Errorf("%s: the names of %s: %w", name, f.name, err)
		}
		delete(lines, f.name)
		for _, n := range names {
			if f.named {
				fmt.Fprintf(&text, "[%s.%q]\n", f.name, n)
			} else {
				fmt.Fprintf(&text, "[[%s]]\n%s = %q\n", f.name, nameKey, n)
			}
			prefix := join(f.name, n) + "."
			write(prefix)
			maps.DeleteFunc(lines, func(path, _ string) bool { return strings.HasPrefix(path, prefix) })
		}
		tables.WriteString(text.String())
		text.Reset()
	}
	write("")
	return Parse(name, []byte(text.String()+tables.String()), nil, into, check)
}
