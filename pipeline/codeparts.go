package pipeline

import (
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/pipeline/codehash"
)

// TableCode: code hash → its parts, so that it can be said later which
// packages changed.
const TableCode cas.Table = "code"

// CodeRow is the row that keeps the parts of a code hash.
func CodeRow(h codehash.Hash) cas.Row {
	var text strings.Builder
	for _, p := range h.Parts {
		fmt.Fprintf(&text, "%s %s\n", p.Digest, p.Name)
	}
	return cas.Row{Table: TableCode, Key: h.Digest, Value: []byte(text.String())}
}

// LookupCode returns a code hash with its parts. It has none where the store
// does not have them.
func LookupCode(st *cas.Store, code Digest) (codehash.Hash, error) {
	h := codehash.Hash{Digest: code}
	values, err := st.Lookup(TableCode, code)
	if err != nil || len(values) == 0 {
		return h, err
	}
	for line := range strings.Lines(string(values[0])) {
		digits, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		d, err := cas.ParseDigest(digits)
		if !ok || err != nil {
			return codehash.Hash{Digest: code}, nil // it is a hint only
		}
		h.Parts = append(h.Parts, codehash.Part{Name: name, Digest: d})
	}
	return h, nil
}
