package kernel

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "print the table of digests of golden")

// TestSelfTest compares with the digests that every platform must give; the
// determinism runs repeat it under every path and architecture.
func TestSelfTest(t *testing.T) {
	t.Logf("path %s", Path())
	if *update {
		var b strings.Builder
		for _, d := range digests() {
			fmt.Fprintf(&b, "\t{%q, %q},\n", d.name, d.sha256)
		}
		t.Logf("var golden = []digest{\n%s}", b.String())
		return
	}
	eachPath(t, func(t *testing.T) {
		if err := SelfTest(); err != nil {
			t.Error(err)
		}
	})
	if got := len(digests()); got != len(golden) {
		t.Errorf("%d operations, but %d golden digests", got, len(golden))
	}
	withScalar(func() {
		if err := SelfTest(); err != nil {
			t.Error(err)
		}
	})
}

// TestSelfTestFinds makes sure that a single wrong bit is reported by name.
func TestSelfTestFinds(t *testing.T) {
	old := golden
	defer func() { golden = old }()
	golden = append([]digest(nil), old...)
	golden[0].sha256 = strings.Repeat("0", 64)
	err := SelfTest()
	if err == nil || !strings.Contains(err.Error(), old[0].name) || strings.Contains(err.Error(), old[1].name) {
		t.Errorf("SelfTest with a wrong digest of %q says %v", old[0].name, err)
	}
}
