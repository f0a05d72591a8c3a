// Package dagviz draws plans. [Collapse] and [Full] make a [Model] of the
// steps of a plan, which says what is drawn but not how. [Model.Text] writes
// it for terminals, [Model.DOT] for Graphviz, [Model.Columns] as SVG without it,
// and [Model.Mermaid] for pages that render Mermaid. The same steps always give the
// same bytes.
//
// A plan may have thousands of stages of a few kinds. Collapse makes one node of
// all stages of a kind, with their number, the values of each label, and how many
// are in each state.
package dagviz
