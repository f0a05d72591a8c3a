package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

const completionHelp = `Verbs, flags, their values, targets of the current params, the keys of --set and
the names of runs are completed.

    bash   eval "$(landscape-pipe completion bash)"               in ~/.bashrc
    zsh    eval "$(landscape-pipe completion zsh)"                in ~/.zshrc, after compinit
    fish   landscape-pipe completion fish | source                in ~/.config/fish/config.fish
`

// completionScripts ask the program itself: __complete gets the words up to the
// cursor, the last of which may be empty, and writes one candidate per line. No
// candidate means a file.
var completionScripts = map[string]string{
	"bash": `# bash completion of landscape-pipe
_landscape_pipe() {
  local line=${COMP_LINE:0:COMP_POINT} words word
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=${words[-1]}
  mapfile -t COMPREPLY < <(landscape-pipe __complete -- "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -gt 0 ]] || { mapfile -t COMPREPLY < <(compgen -f -- "${word#*=}"); return; }
  [[ $word == *=* && $COMP_WORDBREAKS == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}
complete -F _landscape_pipe landscape-pipe
`,
	"zsh": `#compdef landscape-pipe
# zsh completion of landscape-pipe
_landscape_pipe() {
  local -a found
  found=(${(f)"$(landscape-pipe __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} == 0 )); then _files
  elif [[ ${found[1]} == *= ]]; then compadd -S '' -a found
  else compadd -a found
  fi
}
compdef _landscape_pipe landscape-pipe
`,
	"fish": `# fish completion of landscape-pipe
function __landscape_pipe_complete
  set -l words (commandline -opc) (commandline -ct)
  landscape-pipe __complete -- $words[2..] 2>/dev/null; or __fish_complete_path (commandline -ct)
end
complete -c landscape-pipe -f -a '(__landscape_pipe_complete)'
`,
}

// Run implements the verb.
func (c *completionCmd) Run(_ context.Context, a *app) error {
	_, err := io.WriteString(a.raw, completionScripts[c.Shell])
	return err
}

// completeCmd answers the scripts of completion.
type completeCmd struct {
	Words []string `arg:"" optional:""`
}

// Run implements the verb. It is quiet about what is wrong: a shell asks while
// the line is being typed.
func (c *completeCmd) Run(ctx context.Context, a *app, g *globals, k *kong.Kong) error {
	words := c.Words
	if len(words) == 0 {
		words = []string{""}
	}
	before, word := words[:len(words)-1], strings.TrimLeft(words[len(words)-1], `'"`) // a quote that is still open
	found := candidates(ctx, a, g, k, before, word)
	for _, f := range found {
		fmt.Fprintln(a.raw, f)
	}
	if len(found) == 0 {
		return &differenceError{"no candidate: a file"} // fish asks by the exit code
	}
	return nil
}

func candidates(ctx context.Context, a *app, g *globals, k *kong.Kong, before []string, word string) []string {
	starts := func(list []string, lead string) []string {
		var found []string
		for _, text := range list {
			if strings.HasPrefix(lead+text, word) {
				found = append(found, lead+text)
			}
		}
		return found
	}
	var verb *kong.Node
	var verbs []string
	for _, n := range k.Model.Children {
		if !n.Hidden {
			verbs = append(verbs, n.Name)
		}
	}
	flags := slices.Clone(k.Model.Flags)
	for i, w := range before {
		if i > 0 && takesValue(flags, before[i-1]) {
			continue
		}
		for _, n := range k.Model.Children {
			if verb == nil && !n.Hidden && n.Name == w {
				verb = n
				flags = append(flags, n.Flags...)
			}
		}
	}
	readGlobals(g, before)
	if name, _, ok := strings.Cut(word, "="); ok && strings.HasPrefix(word, "--") {
		return starts(flagValues(ctx, a, g, flags, name), name+"=")
	}
	if len(before) > 0 && takesValue(flags, before[len(before)-1]) {
		return starts(flagValues(ctx, a, g, flags, before[len(before)-1]), "")
	}
	switch {
	case strings.HasPrefix(word, "-"):
		var names []string
		for _, f := range flags {
			switch {
			case f.Hidden:
			case f.IsBool():
				names = append(names, "--"+f.Name)
			default:
				names = append(names, "--"+f.Name+"=")
			}
		}
		return starts(names, "")
	case verb == nil:
		return starts(verbs, "")
	}
	for _, p := range verb.Positional {
		switch {
		case verb.Name == "help":
			return starts(verbs, "")
		case verb.Name == "diff":
			return starts(append(runNames(g), paramsFiles(word)...), "")
		case p.Enum != "":
			return starts(strings.Split(p.Enum, ","), "")
		case p.Name == "target" || p.Name == "stage" || p.Name == "output":
			return starts(targets(ctx, a, g, strings.Contains(word, "[")), "")
		}
	}
	return nil
}

// takesValue reports whether a word is a flag whose value is the next word.
func takesValue(flags []*kong.Flag, word string) bool {
	for _, f := range flags {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return !f.IsBool()
		}
	}
	return false
}

// readGlobals takes the flags that say which params the line is about.
func readGlobals(g *globals, words []string) {
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok && i+1 < len(words) {
			value = words[i+1]
		}
		for flag, into := range map[string]*string{"--params": &g.Params, "--artifacts": &g.Artifacts, "--store": &g.Store, "-C": &g.Directory, "--directory": &g.Directory} {
			if name == flag && value != "" {
				*into = value
			}
		}
	}
	if g.Directory != "" {
		_ = os.Chdir(g.Directory) // otherwise there are no params, and nothing is completed
	}
}

// flagValues are the values of a flag that can be listed.
func flagValues(ctx context.Context, a *app, g *globals, flags []*kong.Flag, name string) []string {
	for _, f := range flags {
		if name != "--"+f.Name && (f.Short == 0 || name != "-"+string(f.Short)) {
			continue
		}
		if f.Enum != "" {
			return strings.Split(f.Enum, ",")
		}
		if f.Name == "set" {
			return paramKeys(ctx, a, g)
		}
	}
	return nil
}

// paramKeys are the keys of --set, each with the sign after it.
func paramKeys(ctx context.Context, a *app, g *globals) []string {
	w, err := g.open(ctx, a, nil)
	if err != nil {
		return nil
	}
	defer w.close()
	var keys []string
	for key := range w.params.Lines() {
		if key != "experiment" { // their names
			keys = append(keys, key+"=")
		}
	}
	slices.Sort(keys)
	return keys
}

// runNames are the names of the store's runs for diff, the last one first.
func runNames(g *globals) []string {
	store, err := g.openStore()
	if err != nil {
		return nil
	}
	defer store.Close()
	runs, err := pipeline.Runs(store)
	if err != nil {
		return nil
	}
	var names []string
	for i := range runs {
		names = append(names, runName(i), runs[len(runs)-1-i].ID.String()[:12])
	}
	return names
}

// runName names the run before which there were so many later ones.
func runName(back int) string {
	if back == 0 {
		return "last"
	}
	return fmt.Sprintf("last~%d", back)
}

// paramsFiles are the params files whose paths begin so.
func paramsFiles(word string) []string {
	found, _ := filepath.Glob(word + "*.toml") // a word with a bad pattern completes to nothing
	return found
}

// targets are kinds and exported files, or the names of all stages.
func targets(ctx context.Context, a *app, g *globals, stages bool) []string {
	w, plan, err := g.plan(ctx, a, nil, pipeline.Options{})
	if err != nil {
		return nil
	}
	defer w.close()
	var names []string
	for _, s := range plan.Steps() {
		if stages {
			names = append(names, s.Stage.Name())
			continue
		}
		names = append(names, s.Stage.Kind())
		for _, file := range s.Stage.Exports() {
			names = append(names, file)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
