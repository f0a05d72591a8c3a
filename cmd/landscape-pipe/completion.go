package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

const completionHelp = `Targets are completed, too: kinds and exported files of the params at hand.

    bash   eval "$(landscape-pipe completion bash)"               in ~/.bashrc
    zsh    eval "$(landscape-pipe completion zsh)"                in ~/.zshrc, behind compinit
    fish   landscape-pipe completion fish | source                in ~/.config/fish/config.fish
`

// Run implements the verb.
func (c *completionCmd) Run(_ context.Context, a *app, k *kong.Kong) error {
	return runCompletion(a.stdout, k, c.Shell)
}

func runCompletion(out io.Writer, k *kong.Kong, shell string) error {
	verbs := completedVerbs(k)
	write := map[string]func([]completedVerb) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[shell]
	_, err := io.WriteString(out, write(verbs))
	return err
}

// completedVerb is what completion has to know of a verb; the first one, with
// an empty name, holds the flags of all.
type completedVerb struct {
	name, help string
	flags      []completedFlag
	targets    bool     // its arguments are targets
	words      []string // else its argument is one of these
}

type completedFlag struct {
	name, short, help string
	value             string // "" for none, "file", "dir", or words to choose from
}

func completedVerbs(k *kong.Kong) []completedVerb {
	verbs := []completedVerb{{flags: completedFlags(k.Model.Flags)}}
	for _, node := range k.Model.Children {
		v := completedVerb{name: node.Name, help: node.Help, flags: completedFlags(node.Flags)}
		for _, p := range node.Positional {
			switch {
			case p.Name == "target" || p.Name == "stage":
				v.targets = true
			case p.Enum != "":
				v.words = strings.Split(p.Enum, ",")
			}
		}
		verbs = append(verbs, v)
	}
	return verbs
}

func completedFlags(flags []*kong.Flag) []completedFlag {
	var list []completedFlag
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		c := completedFlag{name: f.Name, help: strings.TrimSuffix(strings.SplitAfter(f.Help, ". ")[0], ". ")}
		if f.Short != 0 {
			c.short = string(f.Short)
		}
		switch {
		case f.IsBool():
		case f.Enum != "":
			c.value = strings.ReplaceAll(f.Enum, ",", " ")
		case f.PlaceHolder == "DIR":
			c.value = "dir"
		default:
			c.value = "file"
		}
		list = append(list, c)
	}
	return list
}

// words are the flags as they are typed, those with a value ending in "=".
func (v *completedVerb) flagWords() string {
	var words []string
	for _, f := range v.flags {
		word := "--" + f.name
		if f.value != "" {
			word += "="
		}
		words = append(words, word)
		if f.short != "" {
			words = append(words, "-"+f.short)
		}
	}
	return strings.Join(words, " ")
}

// listNames is the command that lists targets. It must be quiet where there
// are no params.
const listNames = "landscape-pipe list --names 2>/dev/null"

func bashCompletion(verbs []completedVerb) string {
	var names []string
	var cases strings.Builder
	for _, v := range verbs[1:] {
		names = append(names, v.name)
		fmt.Fprintf(&cases, "    %s) flags=%q; words=%q; targets=%s ;;\n", v.name, v.flagWords(), strings.Join(v.words, " "), yes(v.targets))
	}
	var values strings.Builder
	for _, f := range allFlags(verbs) {
		switch f.value {
		case "", "file":
		case "dir":
			fmt.Fprintf(&values, "    --%s) mapfile -t COMPREPLY < <(compgen -d -- \"$value\"); return ;;\n", f.name)
		default:
			fmt.Fprintf(&values, "    --%s) mapfile -t COMPREPLY < <(compgen -W %q -- \"$value\"); return ;;\n", f.name, f.value)
		}
	}
	return `# bash completion of landscape-pipe
_landscape_pipe() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= flags= words= targets=no i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    ` + strings.Join(names, "|") + `) verb=${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  local flag= value=
  if [[ $word == = ]]; then flag=$before
  elif [[ $before == = ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}; value=$word
  fi
  if [[ $flag == --* ]]; then
    case $flag in
` + values.String() + `    *) mapfile -t COMPREPLY < <(compgen -f -- "$value"); return ;;
    esac
  fi
  case $verb in
` + cases.String() + `  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags ` + verbs[0].flagWords() + ` --help" -- "$word")
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ -z $verb ]]; then
    mapfile -t COMPREPLY < <(compgen -W "` + strings.Join(names, " ") + `" -- "$word")
  elif [[ $targets == yes ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(` + listNames + `)" -- "$word")
  elif [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _landscape_pipe landscape-pipe
`
}

func zshCompletion(verbs []completedVerb) string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	spec := func(f completedFlag) string {
		help := strings.NewReplacer("[", "(", "]", ")", ":", ",").Replace(f.help)
		action := map[string]string{"": "", "file": ":value:_files", "dir": ":folder:_files -/"}
		end, known := action[f.value]
		if !known {
			end = ":value:(" + f.value + ")"
		}
		eq := ""
		if f.value != "" {
			eq = "="
		}
		return quote("*--" + f.name + eq + "[" + help + "]" + end)
	}
	var list, cases strings.Builder
	for _, v := range verbs[1:] {
		fmt.Fprintf(&list, "    %s\n", quote(v.name+":"+strings.ReplaceAll(v.help, ":", ",")))
		fmt.Fprintf(&cases, "      %s) args=(", v.name)
		for _, f := range v.flags {
			cases.WriteString(spec(f) + " ")
		}
		switch {
		case v.targets:
			cases.WriteString(`'*:target:_landscape_pipe_targets'`)
		case v.words != nil:
			cases.WriteString(quote("1:shell:(" + strings.Join(v.words, " ") + ")"))
		default:
			cases.WriteString(`'*:file:_files'`)
		}
		cases.WriteString(") ;;\n")
	}
	var global strings.Builder
	for _, f := range verbs[0].flags {
		global.WriteString(spec(f) + " ")
	}
	return `#compdef landscape-pipe
# zsh completion of landscape-pipe
_landscape_pipe_targets() {
  local -a names
  names=(${(f)"$(` + listNames + `)"})
  compadd -a names
}
_landscape_pipe() {
  local -a verbs args
  verbs=(
` + list.String() + `  )
  _arguments -C ` + global.String() + `'1: :->verb' '*:: :->rest'
  case $state in
  verb) _describe verb verbs ;;
  rest)
    case ${words[1]} in
` + cases.String() + `    esac
    _arguments ` + global.String() + `$args
    ;;
  esac
}
compdef _landscape_pipe landscape-pipe
`
}

func fishCompletion(verbs []completedVerb) string {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	var b strings.Builder
	b.WriteString("# fish completion of landscape-pipe\n")
	for i, v := range verbs {
		condition := ""
		if i > 0 {
			fmt.Fprintf(&b, "complete -c landscape-pipe -f -n __fish_use_subcommand -a %s -d %s\n", v.name, quote(v.help))
			condition = " -n " + quote("__fish_seen_subcommand_from "+v.name)
		}
		for _, f := range v.flags {
			fmt.Fprintf(&b, "complete -c landscape-pipe%s -l %s -d %s", condition, f.name, quote(f.help))
			if f.short != "" {
				fmt.Fprintf(&b, " -s %s", f.short)
			}
			switch f.value {
			case "":
			case "file":
				b.WriteString(" -r")
			case "dir":
				b.WriteString(" -x -a '(__fish_complete_directories)'")
			default:
				fmt.Fprintf(&b, " -x -a %s", quote(f.value))
			}
			b.WriteByte('\n')
		}
		if v.targets {
			fmt.Fprintf(&b, "complete -c landscape-pipe -f%s -a %s\n", condition, quote("("+listNames+")"))
		}
		if v.words != nil {
			fmt.Fprintf(&b, "complete -c landscape-pipe -f%s -a %s\n", condition, quote(strings.Join(v.words, " ")))
		}
	}
	return b.String()
}

// allFlags are the flags of all verbs, each name once.
func allFlags(verbs []completedVerb) []completedFlag {
	var all []completedFlag
	seen := make(map[string]bool)
	for _, v := range verbs {
		for _, f := range v.flags {
			if !seen[f.name] {
				seen[f.name] = true
				all = append(all, f)
			}
		}
	}
	return all
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
