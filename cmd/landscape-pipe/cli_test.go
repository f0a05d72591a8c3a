package main

import (
	"testing"

	"github.com/alecthomas/kong"
)

// TestValuesAreBytes gives flags and arguments values that are not UTF-8, and
// wants the same bytes back.
func TestValuesAreBytes(t *testing.T) {
	const odd = "x\xff\xfe"
	t.Setenv("LANDSCAPE_DATA", odd)
	for _, test := range []struct {
		args []string
		have func(*cli) string
	}{
		{[]string{"status", "--store", odd}, func(c *cli) string { return c.Store }},
		{[]string{"status", "--store=" + odd}, func(c *cli) string { return c.Store }},
		{[]string{"status"}, func(c *cli) string { return c.Data }},
		{[]string{"status", "--params", odd}, func(c *cli) string { return c.Params }},
		{[]string{"status", "-C", odd}, func(c *cli) string { return c.Directory }},
		{[]string{"status", "-C" + odd}, func(c *cli) string { return c.Directory }},
		{[]string{"status", odd}, func(c *cli) string { return c.Status.Targets[0] }},
		{[]string{"status", "--set", "a=" + odd}, func(c *cli) string { return c.Status.Set[0][2:] }},
		{[]string{"dag", "-o", odd}, func(c *cli) string { return c.Dag.Output }},
		{[]string{"export", odd}, func(c *cli) string { return c.Export.Dir }},
		{[]string{"curvature", "--weights", odd, "--inputs", "b", "--labels", "c"}, func(c *cli) string { return c.Curvature.Weights }},
	} {
		var c cli
		a := newApp(t.Output(), t.Output(), func(string) string { return "" })
		parser, err := kong.New(&c, parserOptions(a, func(int) {})...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(test.args); err != nil {
			t.Errorf("%q: %v", test.args, err)
		} else if have := test.have(&c); have != odd {
			t.Errorf("%q: the value is %q, want %q", test.args, have, odd)
		}
	}
}
