package dagviz

import (
	"fmt"
	"io"
	"strings"
)

// Mermaid writes the model as a Mermaid flowchart, which GitHub, GitLab and
// others render in Markdown, with the same nodes and edges as [Model.DOT].
func (m *Model) Mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, n := range m.Nodes {
		lines := []string{"<b>" + mermaidText(n.Title) + "</b>"}
		if n.Count.Total() != 1 {
			lines[0] += fmt.Sprintf(" ×%d", n.Count.Total())
		}
		if !m.Full {
			lines = append(lines, mermaidText(n.Count.Brief()))
		} else {
			for _, a := range n.Axes {
				lines = append(lines, mermaidText(a.String()))
			}
		}
		fmt.Fprintf(&b, "  n%d(\"%s\"):::%s\n", i, strings.Join(lines, "<br/>"), looks[n.Count.State()].class)
	}
	for _, e := range m.shown() {
		fmt.Fprintf(&b, "  n%d --> n%d\n", e.From, e.To)
	}
	if lines := m.ranges(); len(lines) > 0 {
		fmt.Fprintf(&b, "  labels[\"%s\"]\n", mermaidText(strings.Join(lines, "; ")))
	}
	for _, l := range looks {
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:%s\n", l.class, l.fill, l.line, ink)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidText escapes text so that Mermaid takes none of it as syntax.
func mermaidText(text string) string {
	return strings.NewReplacer(
		"&", "#amp;", "#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "|", "#124;", "`", "#96;", "\n", " ",
	).Replace(text)
}
