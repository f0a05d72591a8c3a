package mathtext

import (
	"crypto/sha256"
	"fmt"
	"image/color"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

func set(t *testing.T, markup string) Label {
	t.Helper()
	l, err := Set(markup, 10)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ markup, want string }{
		{"", ""},
		{"Sample size $k$", "Sample size k"},
		{`$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$`, "|ℒ_{k + 1}(θ) − ℒ_k(θ)|"},
		{"$10^{-4}$", "10^{−4}"},
		{`$2\times 10^{-5}$`, "2 × 10^{−5}"},
		{"num_layers $= 5$", "num_layers = 5"},
		{`a \$ and 5 %, 3^2 {x}`, "a $ and 5 %, 3^2 {x}"},
		{`$\text{MAD}/(k+1)$`, "MAD/(k + 1)"},
		{`$\ln K$ and $x \leq y$`, "ln K and x ≤ y"},
		{`$x_i^{2}$`, "x_i^2"},
		{`$\|W^{(p)}\|_2$`, "‖W^{(p)}‖_2"},
		{`$\ell_i$, $\Delta$`, "ℓ_i, Δ"},
		{"MNIST – größer", "MNIST – größer"},
	} {
		if got := set(t, c.markup).Text; got != c.want {
			t.Errorf("%q reads %q, want %q", c.markup, got, c.want)
		}
	}
}

func TestLayout(t *testing.T) {
	wider := func(a, b string) {
		t.Helper()
		if x, y := set(t, a).Width, set(t, b).Width; !(x > y+0.01) {
			t.Errorf("%q is %v wide, %q %v: want wider", a, x, b, y)
		}
	}
	same := func(a, b string) {
		t.Helper()
		if x, y := set(t, a).Width, set(t, b).Width; math.Abs(x-y) > 1e-9 {
			t.Errorf("%q is %v wide, %q %v: want equal", a, x, b, y)
		}
	}
	same("$a + b$", "$a+b$")  // blanks do not count
	same("$x^{2}$", "$x^2$")  // braces around one character
	wider("$a+b$", "$a{+}b$") // a binary operator has space
	wider("$a=b$", "$a{=}b$") // a relation too
	wider("$a-b$", "$a{-b}$") // a sign has none
	wider("$xx_{a+b}$", "$x_{a+b}$")
	wider("$a_{b}$", "$a$")
	wider("$aa$", "$a_a$") // a script is smaller
	wider("VA VA", "VAVA") // a blank of text counts
	wider("V ", "V")       // at an end too
	wider(`$a\quad b$`, `$a\,b$`)

	base, sub, sup := set(t, "$x$"), set(t, "$x_p$"), set(t, "$x^2$")
	if !(sub.Descent > base.Descent+1) || sub.Ascent != base.Ascent {
		t.Errorf("subscript from %v above to %v below, the letter alone from %v to %v", sub.Ascent, sub.Descent, base.Ascent, base.Descent)
	}
	if !(sup.Ascent > base.Ascent+1) || sup.Descent != base.Descent {
		t.Errorf("superscript from %v above to %v below, the letter alone from %v to %v", sup.Ascent, sup.Descent, base.Ascent, base.Descent)
	}
	if both, one := set(t, "$x_{ab}^2$").Width, set(t, "$x_{ab}$").Width; math.Abs(both-one) > 1e-9 {
		t.Errorf("scripts above each other are %v wide, the wider alone %v", both, one)
	}
	if e := set(t, " "); e.Ascent != 0 || e.Descent != 0 || !reflect.DeepEqual(e.Outline, drawing.Path{}) || !(e.Width > 0) {
		t.Errorf("a blank has ink: %+v", e)
	}
	if h := set(t, "H").Ascent; math.Abs(h-CapHeight(10)) > 0.1 {
		t.Errorf("a capital is %v high, CapHeight says %v", h, CapHeight(10))
	}
	small, err := Set("$h^2$", 5)
	if large := set(t, "$h^2$"); err != nil || math.Abs(large.Width-2*small.Width) > 1e-9 {
		t.Errorf("half the size is %v wide, the whole %v, %v", small.Width, large.Width, err)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ markup, want string }{
		{"a $x", "byte 2: '$' is not closed"},
		{`$\foo$`, `byte 1: unknown command \foo`},
		{"$x_$", "byte 2: nothing follows '_'"},
		{"$x_a_b$", "byte 4: a second '_'"},
		{"$x^{a$", "byte 5: '$' inside of braces"},
		{"$a}$", "byte 2: '}' closes nothing"},
		{`$\mathcal{l}$`, `the letters A to Z`},
		{`$\mathcal L$`, "argument in braces"},
		{`$\text{a$b}$`, "plain characters"},
		{"$" + strings.Repeat("{", 20) + strings.Repeat("}", 20) + "$", "nested"},
		{`$\`, "unknown command"},
	} {
		_, err := Set(c.markup, 10)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q in it", c.markup, err, c.want)
		}
	}
	for _, size := range []float64{0, -1, math.NaN(), 1e9} {
		if _, err := Set("x", size); err == nil {
			t.Errorf("font size %v was accepted", size)
		}
	}
}

// Text in any language can be set: a character that no font has is a box, and
// marks without ink are left out.
func TestAnyText(t *testing.T) {
	box := set(t, "日")
	for _, c := range []struct{ text, as string }{
		{"日本語", "漢漢漢"}, {"ネットワーク", "漢漢漢漢漢漢"}, {"שבת", "漢漢漢"}, {"🙂", "漢"},
		{"a\u202eb\u200f\ufeff", "ab"}, {"a\nb\tc\x00", "a b c "}, {"\xff", "\ufffd"}, {"$日$", "漢"}, {`$\text{日}$`, "漢"},
		{"x≲y", "x$≲$y"}, // in the mathematics font alone
	} {
		got, want := set(t, c.text), set(t, c.as)
		if math.Abs(got.Width-want.Width) > 1e-9 || !reflect.DeepEqual(got.Outline, want.Outline) {
			t.Errorf("%q is %v wide, not as %q, %v", c.text, got.Width, c.as, want.Width)
		}
	}
	if box.Ascent != CapHeight(10) || box.Descent != 0 || !(box.Width > 4) {
		t.Errorf("a box is %v wide, %v high and %v deep", box.Width, box.Ascent, box.Descent)
	}
	if got := set(t, "日\u202eA").Text; got != "日A" {
		t.Errorf("the text for screen readers is %q", got)
	}
}

// Every command has its characters in the fonts.
func TestCommandsCanBeSet(t *testing.T) {
	for name, c := range commands {
		for _, r := range c.text {
			f, err := faces[c.style]()
			if err != nil {
				t.Fatal(err)
			}
			if index, err := f.font.GlyphIndex(nil, r); err != nil || index == 0 {
				t.Errorf(`\%s: no %q, %v`, name, r, err)
			}
		}
		if _, err := Set(`$a\`+name+` b$`, 10); err != nil {
			t.Error(err)
		}
	}
	for r := 'A'; r <= 'Z'; r++ {
		if _, err := Set(`$\mathcal{`+string(r)+`}$`, 10); err != nil {
			t.Error(err)
		}
	}
}

// The outlines are these, however many labels are set at the same time.
func TestGolden(t *testing.T) {
	want := map[string]string{
		`$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$`: "18bffae7d0840790",
		"Sample size $k$, AVA, $10^{-4}$":                       "344c8b4aa872fde2",
	}
	var wg sync.WaitGroup
	for markup, digest := range want {
		for range 4 {
			wg.Go(func() {
				l, err := Set(markup, 9)
				if err != nil {
					t.Error(err)
					return
				}
				d := drawing.New(300, 30)
				var p drawing.Path
				p.Append(l.Outline, drawing.Point{X: 5, Y: 20})
				d.Fill(p, color.NRGBA{A: 255})
				b, err := d.SVG()
				if got := fmt.Sprintf("%x", sha256.Sum256(b))[:16]; err != nil || got != digest {
					t.Errorf("%q: SHA-256 begins with %s, want %s, %v", markup, got, digest, err)
				}
			})
		}
	}
	wg.Wait()
}

func FuzzSet(f *testing.F) {
	for _, s := range []string{"Sample $k$", `$\mathcal{L}_{k+1}^2$`, `$\text{a}\ln{-x}\,$`, "$", "${{}_}^$", "日本\u202e\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Set(s, 10)
		if !strings.ContainsAny(s, "$\\") && err != nil {
			t.Errorf("plain text %q: %v", s, err)
		}
		if err == nil && !(l.Width >= -1e4 && l.Width < math.MaxFloat64) {
			t.Errorf("%q is %v wide", s, l.Width)
		}
	})
}
