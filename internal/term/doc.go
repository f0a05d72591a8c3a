// Package term holds what a program needs to speak to people on a terminal:
// what a stream can do, colour, the width of text, durations, bars, and a
// region of lines that is redrawn in place. It knows nothing of what is shown.
//
// Streams that are no terminals get plain text: no colour, no escape
// sequences, no redrawing.
package term
