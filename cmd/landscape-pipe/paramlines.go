package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/stages"
)

// paramLines writes params as one line a value, under the names that --set
// takes: "train.learning_rate" is "0.001", "experiment.paper.k" is "[10000]".
func paramLines(p stages.Params) map[string]string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain values without NaN, which the ranges exclude
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		panic(err)
	}
	flat := make(map[string]string)
	writeFlat(flat, "", tree)
	return flat
}

func writeFlat(flat map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if path != "" {
				key = path + "." + key
			}
			writeFlat(flat, key, inner)
		}
		return
	case []any:
		named := false
		for _, item := range v {
			table, ok := item.(map[string]any)
			if !ok {
				break
			}
			name := fmt.Sprint(table["name"])
			delete(table, "name")
			writeFlat(flat, path+"."+name, table)
			named = true
		}
		if named {
			return
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	flat[path] = string(text)
}
