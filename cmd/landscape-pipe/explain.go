package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
)

type explainCmd struct {
	Stage string `arg:"" help:"The stage, a group of stages, or an exported file."`
	overrides
	All  bool `short:"a" help:"Show every field of the key, not only those that changed."`
	JSON bool `name:"json" help:"Write JSON: an array of explanations."`
}

const explainHelp = `The key of a stage is the hash of the fields that are listed: kind, code,
outputs, params and the digest of each input. Each field is shown with its
previous value; a changed key makes the stage run again. The previous value is that
of the last run of the same params file or, if the stage was in none, of the
nearest key on record: the one of the stage's kind that differs in the fewest
fields. Without --all, only the fields that differ are shown.
`

// Run implements the verb.
func (c *explainCmd) Run(ctx context.Context, a *app, g *globals) error {
	w, plan, err := g.plan(ctx, a, c.Set, pipeline.Options{Targets: []string{c.Stage}})
	if err != nil {
		return err
	}
	defer w.close()
	named, err := w.match(c.Stage)
	if err != nil {
		return err
	}
	values := make([]explainValue, 0, len(named))
	for _, s := range named {
		v, err := w.explain(plan, s)
		if err != nil {
			return err
		}
		if !c.All && !c.JSON {
			v.shorten()
		}
		values = append(values, v)
	}
	if c.JSON {
		return a.json(values)
	}
	out := bufio.NewWriter(a.stdout)
	for i := 0; i < len(values); {
		if i > 0 {
			fmt.Fprintln(out)
		}
		values[i].print(out, a.out)
		same := i + 1
		for !c.All && same < len(values) && values[same].like(&values[i]) {
			same++
		}
		if more := same - i - 1; more > 0 {
			fmt.Fprintf(out, "  the same for %s, to %s; --all lists them\n", term.Count(more, "more stage"), values[same-1].Stage)
		}
		i = same
	}
	return out.Flush()
}

// explainValue is an explanation in JSON.
type explainValue struct {
	Stage   string          `json:"stage"`
	State   string          `json:"state"`
	Reason  string          `json:"reason,omitempty"`
	Key     string          `json:"key,omitempty"`
	Before  *explainBefore  `json:"before,omitempty"` // with what it is compared; a cached stage with nothing
	Fields  []explainField  `json:"fields"`
	Outputs []explainOutput `json:"made,omitempty"`   // of the current key
	Run     string          `json:"run_id,omitempty"` // that made them
	Started time.Time       `json:"started,omitzero"`
	Elapsed float64         `json:"elapsed_seconds,omitempty"`

	state pipeline.State
	more  int // fields that are not shown
	later int // inputs that are not known yet, and are not shown one by one
}

// like reports whether two stages that are not up to date differ from their
// earlier keys in the same way.
func (v *explainValue) like(w *explainValue) bool {
	return v.state != pipeline.StateCached && v.state == w.state && v.Before != nil && w.Before != nil &&
		v.Before.RunID == w.Before.RunID && v.more == w.more && v.later == w.later &&
		slices.EqualFunc(v.Fields, w.Fields, func(f, g explainField) bool {
			return f.Field == g.Field && (f.Unknown && g.Unknown || f.Old == g.Old && f.New == g.New)
		})
}

// explainBefore is the earlier key with which a stage is compared.
type explainBefore struct {
	Key     string    `json:"key"`
	RunID   string    `json:"run_id,omitempty"`
	RunName string    `json:"run,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Nearest bool      `json:"nearest"` // no run of the params file had the stage
}

func newExplainBefore(b pipeline.Before) *explainBefore {
	return &explainBefore{Key: b.Key.String(), RunID: b.Run.String(), RunName: b.Name, Started: b.Started, Nearest: b.Nearest}
}

// String says with what a stage is compared.
func (b *explainBefore) String() string {
	text := "run " + b.RunID[:12]
	if b.RunName != "" {
		text += " (" + b.RunName + ")"
	}
	if b.Nearest {
		text = "the nearest key on record, made by " + text
	}
	return text + " of " + b.Started.Format(time.DateTime)
}

// shorten leaves out the fields that are as before, counts the inputs that are
// not known yet if they are many, and of very many fields leaves out the rest.
func (v *explainValue) shorten() {
	const most, fewInputs = 24, 3
	if v.state == pipeline.StateCached || v.Before != nil {
		v.Fields = slices.DeleteFunc(v.Fields, func(f explainField) bool { return !f.Changed && !f.Unknown })
	}
	later := 0
	for _, f := range v.Fields {
		if f.Unknown {
			later++
		}
	}
	if later > fewInputs {
		v.later = later
		v.Fields = slices.DeleteFunc(v.Fields, func(f explainField) bool { return f.Unknown })
	}
	if v.more = len(v.Fields) - most; v.more > 1 {
		v.Fields = v.Fields[:most]
	} else {
		v.more = 0
	}
}

type explainField struct {
	Field   string   `json:"field"`
	Old     string   `json:"old,omitempty"`
	New     string   `json:"new,omitempty"`
	Changed bool     `json:"differs"`
	Unknown bool     `json:"pending,omitempty"` // New says where it will come from
	Parts   []string `json:"parts,omitempty"`   // of the code: the packages that changed
}

// newExplainField is a field in JSON; ran says that the stage has run before.
func newExplainField(f pipeline.FieldChange, ran bool) explainField {
	return explainField{Field: f.Path, Old: f.Old, New: f.New, Changed: f.Changed && ran, Unknown: f.Unknown, Parts: f.Parts}
}

type explainOutput struct {
	Name   string `json:"output"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

func (w *workspace) explain(plan *pipeline.Plan, s *pipeline.Stage) (explainValue, error) {
	e, err := plan.Explain(s)
	if err != nil {
		return explainValue{}, err
	}
	v := explainValue{Stage: s.Name(), State: e.State.String(), Reason: e.Reason, state: e.State}
	if !e.Key.IsZero() {
		v.Key = e.Key.String()
	}
	if !e.Before.Key.IsZero() && e.State != pipeline.StateCached {
		v.Before = newExplainBefore(e.Before)
	}
	for _, f := range e.Fields {
		v.Fields = append(v.Fields, newExplainField(f, v.Before != nil))
	}
	if r, ok := plan.Record(s); ok {
		v.Run, v.Started, v.Elapsed = r.Run.String(), r.Started, r.Elapsed.Seconds()
		for _, o := range r.Outputs {
			v.Outputs = append(v.Outputs, explainOutput{o.Name, o.Digest.String(), o.Size})
		}
	}
	return v, nil
}

func (v *explainValue) print(out io.Writer, style term.Style) {
	fmt.Fprintf(out, "%s  %s", style.Bold(v.Stage), paintState(style, v.state, v.State))
	if v.Reason != "" {
		fmt.Fprintf(out, ": %s", v.Reason)
	}
	fmt.Fprintln(out)
	if v.Before != nil {
		fmt.Fprintf(out, "  %s\n", style.Dim("compared with "+v.Before.String()))
	}
	width := len("field")
	for _, f := range v.Fields {
		width = max(width, term.Width(f.Field))
	}
	for _, f := range v.Fields {
		fmt.Fprintln(out, f.line(style, width, v.Before != nil))
	}
	if v.more > 0 {
		fmt.Fprintf(out, "  and %d more; --all lists them\n", v.more)
	}
	if v.later > 0 {
		fmt.Fprintf(out, "? %s not known yet: outputs of stages that will run\n", term.Count(v.later, "input"))
	}
	if len(v.Fields)+v.later == 0 && v.Before != nil {
		fmt.Fprintln(out, "  no field of the key differs")
	}
	for _, o := range v.Outputs {
		fmt.Fprintf(out, "%s  %s, %s\n", style.Dim("  → "+o.Name), short(o.Digest), term.Bytes(o.Size))
	}
	if v.Run != "" {
		fmt.Fprintf(out, "  %s\n", style.Dim(fmt.Sprintf("made by run %s on %s in %s", v.Run[:12], v.Started.Format(time.DateTime),
			secondsText(v.Elapsed))))
	}
}

func (f explainField) line(style term.Style, width int, ran bool) string {
	name := term.Pad(f.Field, width)
	now := short(f.New)
	switch {
	case f.Unknown && f.Old != "":
		return style.Dim("?") + " " + name + "  " + short(f.Old) + " → " + style.Dim("not known yet: "+now)
	case f.Unknown:
		return style.Dim("?") + " " + name + "  " + style.Dim("not known yet: "+now)
	case !ran || !f.Changed:
		return "  " + name + "  " + now
	case f.Old == "":
		return style.Warn("+") + " " + name + "  " + style.Warn(now)
	case f.New == "":
		return style.Warn("-") + " " + name + "  " + style.Dim(short(f.Old))
	}
	text := style.Warn("~") + " " + name + "  " + short(f.Old) + " → " + style.Warn(now)
	if len(f.Parts) > 0 {
		text += "  (" + joined(f.Parts) + ")"
	}
	return text
}

// short cuts a digest or key to the digits that people compare; other text
// stays.
func short(text string) string {
	if len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" {
		return text[:12]
	}
	return term.Clean(text)
}

// joined lists words, of many only the first.
func joined(words []string) string {
	const most = 6
	if len(words) > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}
