package kernel

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestAssemblyNeedsNoMore: code that a processor with AVX2 alone runs uses only
// registers that it has. A processor with AVX-512 would run it all the same, so
// the other tests do not notice there. Functions with wide in their name, or that
// read the variable wide, may use the registers of 512 bits and masks, but nothing
// uses the registers 16 to 31 of fewer bits.
func TestAssemblyNeedsNoMore(t *testing.T) {
	high := regexp.MustCompile(`\b[XY](1[6-9]|2[0-9]|3[01])\b`)
	wideRegister := regexp.MustCompile(`\b(Z[0-9]+|K[0-7])\b`)
	found := 0
	for _, file := range []string{"mul_amd64.s", "pack_amd64.s", "sparse_amd64.s", "vector_amd64.s"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, function := range strings.Split(string(text), "\nTEXT ·")[1:] {
			name, _, _ := strings.Cut(function, "(")
			if r := high.FindString(function); r != "" {
				t.Errorf("%s: %s uses %s, which needs AVX-512", file, name, r)
			}
			r := wideRegister.FindString(function)
			if r == "" {
				continue
			}
			found++
			before, _, _ := strings.Cut(function, r)
			if !strings.Contains(name, "wide") && !strings.Contains(before, "·wide+0(SB)") {
				t.Errorf("%s: %s uses %s without asking whether the processor has it", file, name, r)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d functions with registers of 512 bits", found)
	}
}
