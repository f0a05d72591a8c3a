package pipeline

import (
	"fmt"
	"path"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// TableCode: code hash → its [CodePart]s, so that a hash that changed can be
// told apart into the packages that did.
const TableCode cas.Table = "code"

// CodePart is one thing that a code hash covers: a package of the module, by
// its folder, or "modules", all other modules together.
type CodePart struct {
	Name   string
	Digest Digest
}

// Parts returns what [Sources.Hash] covers for a package, sorted by folder,
// other modules last.
func (s *Sources) Parts(pkg string) ([]CodePart, error) {
	if dir, ok := s.folder(pkg); ok {
		pkg = dir
	}
	closure, err := s.closure(path.Clean(pkg))
	if err != nil {
		return nil, fmt.Errorf("code of %s: %w", pkg, err)
	}
	var parts []CodePart
	external := false
	for _, p := range closure {
		parts = append(parts, CodePart{p.dir, p.digest})
		external = external || p.external
	}
	if external {
		d, err := s.external()
		if err != nil {
			return nil, fmt.Errorf("code of %s: %w", pkg, err)
		}
		parts = append(parts, CodePart{"modules", d})
	}
	return parts, nil
}

// CodeRow is the row that keeps the parts of a code hash.
func CodeRow(code Digest, parts []CodePart) cas.Row {
	var text strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&text, "%s %s\n", p.Digest, p.Name)
	}
	return cas.Row{Table: TableCode, Key: code, Value: []byte(text.String())}
}

// LookupCode returns the parts of a code hash, nil where the store does not
// have them.
func LookupCode(st cas.Store, code Digest) ([]CodePart, error) {
	values, err := st.Lookup(TableCode, code)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	var parts []CodePart
	for line := range strings.Lines(string(values[0])) {
		digits, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		d, err := cas.ParseDigest(digits)
		if !ok || err != nil {
			return nil, nil // it is a hint only
		}
		parts = append(parts, CodePart{name, d})
	}
	return parts, nil
}

// ChangedParts names the parts in which two codes differ: those that are
// other or new in the order of now, then those that are gone.
func ChangedParts(before, now []CodePart) []string {
	was := make(map[string]Digest, len(before))
	for _, p := range before {
		was[p.Name] = p.Digest
	}
	var changed []string
	for _, p := range now {
		if d, ok := was[p.Name]; !ok || d != p.Digest {
			changed = append(changed, p.Name)
		}
		delete(was, p.Name)
	}
	for _, p := range before {
		if _, gone := was[p.Name]; gone {
			changed = append(changed, p.Name)
		}
	}
	return changed
}
