// Package dagviz draws plans. [Collapse] and [Full] make a [Model] of the
// steps of a plan: what is drawn, without how. The model is written as
// [Model.Text] for terminals, [Model.DOT] for Graphviz and [Model.Mermaid]
// for pages that render it. All of it is pure: the same steps give the same
// bytes.
//
// A plan with a matrix has hundreds of stages of a handful of kinds. Collapse
// shows one node for all stages of a kind that have the same label keys, with
// their number, the values of each label, and how many are in which state.
package dagviz
