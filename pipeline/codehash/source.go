package codehash

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"go/build/constraint"
	"go/scanner"
	"go/token"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// source is the code of one folder.
type source struct {
	hasher *Hasher
	dir    string
	read   func() error // loads the rest, once

	digest   cas.Digest
	imports  []string // folders inside the module
	external bool     // imports a package of another module
}

// buildSuffixes are those of the other files that the go command builds into
// a package.
var buildSuffixes = []string{
	".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90",
	".s", ".S", ".sx", ".swig", ".swigcxx", ".syso",
}

func (p *source) load() error {
	fsys := p.hasher.fsys
	entries, err := fs.ReadDir(fsys, p.dir)
	if err != nil {
		return fmt.Errorf("package %s is not among the sources: %w", p.dir, err)
	}
	h := sha256.New()
	var embedded []string
	found := false
	for _, e := range entries {
		name := e.Name()
		golang := strings.HasSuffix(name, ".go")
		if e.IsDir() || name[0] == '.' || name[0] == '_' || strings.HasSuffix(name, "_test.go") ||
			!golang && !slices.Contains(buildSuffixes, path.Ext(name)) {
			continue
		}
		text, err := fs.ReadFile(fsys, path.Join(p.dir, name))
		if err != nil {
			return err
		}
		if !golang {
			hashWhole(h, name, text)
			continue
		}
		f := goFile{text: text}
		if err := f.scan(); err != nil {
			return fmt.Errorf("%s: %w", path.Join(p.dir, name), err)
		}
		if f.ignored {
			continue
		}
		found = true
		if f.cgo {
			hashWhole(h, name, text)
		} else {
			fmt.Fprintf(h, "go %q %d\n", name, len(f.tokens))
			h.Write(f.tokens)
		}
		for _, imported := range f.imports {
			p.addImport(imported)
		}
		for _, pattern := range f.embeds {
			files, err := embeddedFiles(fsys, p.dir, pattern)
			if err != nil {
				return fmt.Errorf("%s: //go:embed %s: %w", path.Join(p.dir, name), pattern, err)
			}
			embedded = append(embedded, files...)
		}
	}
	if !found {
		return fmt.Errorf("package %s is not among the sources: its folder has no Go files", p.dir)
	}
	slices.Sort(embedded)
	for _, name := range slices.Compact(embedded) {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		hashWhole(h, "embedded "+name, text)
	}
	p.digest = cas.Digest(h.Sum(nil))
	return nil
}

func hashWhole(h hash.Hash, name string, text []byte) {
	fmt.Fprintf(h, "file %q %d\n", name, len(text))
	h.Write(text)
}

func (p *source) addImport(importPath string) {
	if dir, ok := p.hasher.folder(importPath); ok {
		if !slices.Contains(p.imports, dir) {
			p.imports = append(p.imports, dir)
		}
		return
	}
	first, _, _ := strings.Cut(importPath, "/")
	p.external = p.external || strings.Contains(first, ".")
}

// goFile is one Go file and what a hash needs of it.
type goFile struct {
	text []byte

	tokens  []byte // each as its class, its text and a zero byte
	imports []string
	embeds  []string
	cgo     bool // its comments are code
	ignored bool // it is never built
}

// Classes of tokens: the numbers of go/token change between releases of Go.
const (
	classWord      = 'w' // identifier
	classLiteral   = 'l'
	classOperator  = 'o' // or keyword
	classDirective = 'd'
)

func (f *goFile) scan() error {
	var s scanner.Scanner
	var first error
	file := token.NewFileSet().AddFile("", -1, len(f.text))
	s.Init(file, f.text, func(at token.Position, text string) {
		if first == nil {
			first = fmt.Errorf("line %d: %s", at.Line, text)
		}
	}, scanner.ScanComments)
	f.tokens = make([]byte, 0, len(f.text)/2)
	header := true     // before the first declaration
	importing := false // within an import declaration
	for {
		_, tok, text := s.Scan()
		class := byte(classOperator)
		switch {
		case tok == token.EOF:
			return first
		case tok == token.COMMENT:
			if !strings.HasPrefix(text, "//go:") {
				continue
			}
			text = strings.TrimRight(text, " \t\r")
			if err := f.directive(text, header); err != nil {
				return err
			}
			class = classDirective
		case tok == token.IDENT:
			class = classWord
		case tok.IsLiteral():
			class = classLiteral
		case tok == token.SEMICOLON:
			text = ";" // whether it is written or implied
		default:
			text = tok.String()
		}
		switch tok {
		case token.IMPORT:
			importing = true
		case token.VAR, token.CONST, token.TYPE, token.FUNC:
			header, importing = false, false
		case token.STRING:
			if importing {
				if err := f.addImport(text); err != nil {
					return err
				}
			}
		}
		f.tokens = append(f.tokens, class)
		f.tokens = append(f.tokens, text...)
		f.tokens = append(f.tokens, 0)
	}
}

func (f *goFile) addImport(literal string) error {
	name, err := strconv.Unquote(literal)
	if err != nil {
		return fmt.Errorf("import %s: %w", literal, err)
	}
	f.cgo = f.cgo || name == "C"
	f.imports = append(f.imports, name)
	return nil
}

func (f *goFile) directive(text string, header bool) error {
	if header && constraint.IsGoBuild(text) {
		expr, err := constraint.Parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		tag, ok := expr.(*constraint.TagExpr)
		f.ignored = f.ignored || ok && tag.Tag == "ignore"
	}
	if rest, ok := strings.CutPrefix(text, "//go:embed"); ok && rest != strings.TrimLeft(rest, " \t") {
		patterns, err := embedPatterns(rest)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		f.embeds = append(f.embeds, patterns...)
	}
	return nil
}

// embedPatterns splits the arguments of //go:embed at spaces; they may be
// quoted.
func embedPatterns(args string) (patterns []string, err error) {
	for args = strings.TrimSpace(args); args != ""; args = strings.TrimLeft(args, " \t") {
		var pattern string
		if args[0] == '"' || args[0] == '`' {
			quoted, err := strconv.QuotedPrefix(args)
			if err != nil {
				return nil, err
			}
			args = args[len(quoted):]
			if pattern, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
		} else if i := strings.IndexAny(args, " \t"); i >= 0 {
			pattern, args = args[:i], args[i:]
		} else {
			pattern, args = args, ""
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

var errNoMatch = errors.New("no file among the sources matches: embed it with them")

// embeddedFiles returns the files that a pattern embeds, as package embed
// defines it.
func embeddedFiles(fsys fs.FS, dir, pattern string) (files []string, err error) {
	pattern, all := strings.CutPrefix(pattern, "all:")
	matches, err := fs.Glob(fsys, path.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	for _, match := range matches {
		err := fs.WalkDir(fsys, match, func(name string, d fs.DirEntry, err error) error {
			hidden := name != match && !all && strings.IndexAny(d.Name(), "._") == 0
			switch {
			case err != nil:
				return err
			case hidden && d.IsDir():
				return fs.SkipDir
			case !hidden && !d.IsDir():
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, errNoMatch
	}
	return files, nil
}
