package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readmeBlocks are the indented lines of README.md, without comments and
// prompts: commands, and pieces of params.
func readmeBlocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`\s+# .*$`)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, comment.ReplaceAllString(strings.TrimPrefix(strings.TrimSpace(code), "$ "), ""))
		}
	}
	return lines
}

// shellWords splits a command at blanks outside of single quotes.
func shellWords(command string) []string {
	var words []string
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// TestReadme runs the commands of README.md in their order, on a run that takes
// seconds, and looks for the targets of make.
func TestReadme(t *testing.T) {
	lines := readmeBlocks(t)
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	base, err := baseRuns()
	if err != nil {
		t.Skip(err)
	}
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "artifacts"), os.DirFS(filepath.Join(base, "warm"))); err != nil {
		t.Fatal(err)
	}
	g.write(t, dir)
	params := strings.Replace(smallParams, "[4, 8]", "[4, 16]", 1)
	params = strings.Replace(params, "at_hidden_size = 8", "at_hidden_size = 16", 1)
	// What draws is not at stake here.
	const helper = "#!/bin/sh\ncat >/dev/null\necho '<svg></svg>'\n"
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"params.toml":        {params, 0o644},
		"landscape-pipe-dag": {helper, 0o755},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"w.safetensors": "net.safetensors", "x.npy": "X.npy"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Chdir(dir)
	do := func(args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), newApp(&stdout, &stderr, func(string) string { return "" }), args); code != exitDone {
			t.Errorf("%q: exit code %d\n%s%s", args, code, &stdout, &stderr)
		}
	}
	do("repro", "-q")
	do("check", "--update")

	ran := 0
	var table []string
	own := false // the section on the user's own data begins, whose files a script of its own writes
	for _, line := range lines {
		words := shellWords(line)
		if len(words) == 0 {
			continue
		}
		for i, w := range words {
			switch w {
			case "STAGE":
				words[i] = "train[h=16]"
			case "OUTPUT":
				words[i] = "results/networks.csv"
			}
		}
		switch {
		case words[0] == "make":
			if !bytes.Contains(makefile, []byte("\n"+words[1]+":")) {
				t.Errorf("README says %q, and the Makefile has no such target", line)
			}
		case words[0] == "bin/landscape-pipe":
			ran++
			do(words[1:]...)
		case strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "[["):
			own = true
		case !own && (strings.HasPrefix(line, "[[") || len(table) > 0 && slices.Contains(words, "=")):
			table = append(table, line)
		}
	}
	if ran < 15 || len(table) < 5 {
		t.Errorf("README has %d commands and %d lines of params: some were not found", ran, len(table))
	}
	if err := os.WriteFile("params.toml", []byte(params+"\n"+strings.Join(table, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	do("status", "train[fashion_mnist,h=64]")
}
