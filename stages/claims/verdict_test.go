package claims

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// TestVerdictsAreComputed: outside the function that names them no string of the
// program is a verdict, and no string of this package or of the artifact contains
// one.
func TestVerdictsAreComputed(t *testing.T) {
	var words []string
	for v := artifact.NotTested; v <= artifact.DoesNotHold; v++ {
		words = append(words, v.String())
	}
	whole := regexp.MustCompile("(?i)^(" + strings.Join(words, "|") + ")$")
	part := regexp.MustCompile(`(?i)\b(` + strings.Join(words, "|") + `)\b`)
	files := 0
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			return err
		}
		files++
		forbidden := whole
		if strings.HasPrefix(name, "stages/claims/") || name == "internal/artifact/claims.go" {
			forbidden = part
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && name == "internal/artifact/claims.go" && f.Name.Name == "String" {
				return false
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil && forbidden.MatchString(text) {
					t.Errorf("%s: the string %s holds a verdict", name, l.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files were read: %v", files, err)
	}
}

// TestVerdictText: every verdict survives its text, and nothing else is one.
func TestVerdictText(t *testing.T) {
	for v := artifact.NotTested; v <= artifact.DoesNotHold; v++ {
		var got artifact.Verdict
		if err := got.UnmarshalText([]byte(v.String())); err != nil || got != v {
			t.Errorf("%q becomes %v, %v", v, got, err)
		}
	}
	var v artifact.Verdict
	if err := v.UnmarshalText([]byte("maybe")); err == nil || !strings.Contains(err.Error(), `"maybe" is no verdict`) {
		t.Errorf("error %v", err)
	}
}
