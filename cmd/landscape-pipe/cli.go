package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
)

// cli is the whole command line.
type cli struct {
	globals

	Repro   reproCmd   `cmd:"" help:"Run what is not up to date, and write figures and results."`
	Status  statusCmd  `cmd:"" help:"List what repro would run, and what it can be asked for: kinds, stages and files. Changes nothing."`
	Explain explainCmd `cmd:"" help:"Show the fields of a stage's key, now and when it last ran."`
	Logs    logsCmd    `cmd:"" help:"Show what a stage logged when it last ran."`
	Runs    runsCmd    `cmd:"" help:"List the runs of the store, as diff names them."`
	Cat     catCmd     `cmd:"" help:"Write the content of one output, or of any object in the store."`
	Dag     dagCmd     `cmd:"" help:"Show the graph of stages as text, or draw it."`

	Check  checkCmd  `cmd:"" help:"Compare the results with the expected ones: digests, metrics, curves."`
	Verify verifyCmd `cmd:"" help:"Check the store, or repair it; with --rerun, run stages again and compare bits."`
	Diff   diffCmd   `cmd:"" help:"Compare params, metrics and curves of two runs or two params files."`

	Curvature  curvatureCmd  `cmd:"" help:"Measure the curvature of the loss of a network of your own: spectra, objects, bounds."`
	Samplesize samplesizeCmd `cmd:"" name:"samplesize" help:"Say how many objects are enough: where one doubling gains little held-out loss."`
	Weights    weightsCmd    `cmd:"" help:"Write a trained network with its inputs and labels into files for PyTorch and curvature."`
	Export     exportCmd     `cmd:"" help:"Copy the results that are up to date into a folder."`
	Report     reportCmd     `cmd:"" help:"Write a page with all figures and tables."`
	Gc         gcCmd         `cmd:"" name:"gc" help:"Remove from the store what nothing needs. Only reports, unless --apply."`
	Doctor     doctorCmd     `cmd:"" help:"Test this machine's arithmetic, and look for what could keep repro from working."`
	Completion completionCmd `cmd:"" help:"Write the completion script for a shell."`
	Help       helpCmd       `cmd:"" help:"Show what a verb does, with its flags."`
	Complete   completeCmd   `cmd:"" name:"__complete" hidden:""`
}

// globals are the flags that every verb has. Paths are relative to the folder
// of -C.
type globals struct {
	Version   bool   `help:"Print the version of the program, and exit."`
	Directory string `short:"C" placeholder:"DIR" help:"Work in DIR instead of the current folder."`
	Params    string `default:"params.toml" placeholder:"FILE" help:"Params of the run (default: ${default})."`
	Artifacts string `default:"artifacts" placeholder:"DIR" help:"Where figures and results go (default: ${default})."`
	Store     string `env:"LANDSCAPE_STORE" placeholder:"DIR" help:"Where cached results lie (default: store in the artifacts folder)."`
	Data      string `env:"LANDSCAPE_DATA" placeholder:"DIR" help:"Local folder with data sets, looked into first."`
	Offline   bool   `help:"Use no network: data sets come from local folders only."`

	Without []string `placeholder:"DATASET" help:"Leave out the experiments on a data set; those with in_place_of run in their place. May be repeated."`
}

// selection is which stages a verb is about, under which params.
type selection struct {
	Targets []string `arg:"" optional:"" name:"target" help:"Stages, kinds (train), groups ('train[mnist,h=16]') or exported files; all if none is given."`
	overrides
}

// overrides are params that are given on the command line.
type overrides struct {
	Set []string `sep:"none" placeholder:"KEY=VALUE" help:"Use another value for a param, as train.learning_rate=0.002 or 'experiment.paper.seeds=[0,1]'. May be repeated."`
}

type helpCmd struct {
	Verb string `arg:"" optional:"" help:"The verb; all are listed if none is given."`
}

// Run implements the verb.
func (c *helpCmd) Run(k *kong.Kong) error {
	args := []string{"--help"}
	if c.Verb != "" {
		if !slices.ContainsFunc(k.Model.Children, func(n *kong.Node) bool { return n.Name == c.Verb }) {
			return usage(fmt.Errorf("there is no verb %s", c.Verb), "landscape-pipe help lists them")
		}
		args = []string{c.Verb, "--help"}
	}
	_, _ = k.Parse(args) // it prints the help, and complains of arguments that are missing
	return nil
}

const description = `Trains the networks of the paper and draws its figures as a pipeline of cached stages. ` +
	`The second run does nothing; a changed parameter runs again exactly what reads it.`

// exitCodes ends every help text.
const exitCodes = `
Exit codes:
    0  done
    1  a stage failed, or something else went wrong
    2  wrong usage or params
    3  check, repro --check, verify: a difference or damage;
       status, diff --exit-code: a stage is not up to date, or the two differ
       curvature: a list of eigenvalues may lack a value
    4  the store cannot be opened or written, is full, or is newer than this program
  130  interrupted (143: terminated); finished stages are kept. A second Ctrl-C ends at once.
`

func parserOptions(a *app, exit func(int)) []kong.Option {
	help := func(o kong.HelpOptions, c *kong.Context) error {
		if err := kong.DefaultHelpPrinter(o, c); err != nil {
			return err
		}
		if long, ok := selectedHelp(c); ok {
			fmt.Fprint(c.Stdout, "\n", long)
		}
		_, err := fmt.Fprint(c.Stdout, exitCodes)
		return err
	}
	width, _, ok := term.Size(a.raw)
	if !ok {
		width = 100
	}
	return []kong.Option{
		kong.Name("landscape-pipe"),
		kong.Description(description),
		kong.Writers(a.raw, a.display),
		kong.Exit(exit),
		kong.Help(help),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeBytes)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Tree: false, WrapUpperBound: min(width, 110), NoExpandSubcommands: true}),
	}
}

// decodeBytes takes a value as the bytes that it is. The parser's own way goes
// through JSON, which replaces what is not UTF-8, and paths are bytes.
func decodeBytes(c *kong.DecodeContext, into reflect.Value) error {
	token, err := c.Scan.PopValue("string")
	if err == nil {
		into.SetString(fmt.Sprint(token.Value))
	}
	return err
}

// selectedHelp returns the part of a verb's help text that follows its flags.
func selectedHelp(c *kong.Context) (string, bool) {
	node := c.Selected()
	if node == nil {
		return "", false
	}
	text, ok := verbHelp[node.Name]
	return text, ok
}

// verbHelp is what the verbs have to say beyond their flags.
var verbHelp = map[string]string{
	"repro":      reproHelp,
	"status":     statusHelp,
	"runs":       runsHelp,
	"dag":        dagHelp,
	"explain":    explainHelp,
	"check":      checkHelp,
	"verify":     verifyHelp,
	"diff":       diffHelp,
	"gc":         gcHelp,
	"export":     exportHelp,
	"report":     reportHelp,
	"completion": completionHelp,
	"curvature":  curvatureHelp,
	"samplesize": samplesizeHelp,
	"weights":    weightsHelp,
}
