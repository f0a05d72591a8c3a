// Package term writes to a terminal: what a stream can do, colour, the width of
// text, durations, bars, and a region of lines that is redrawn in place. It
// knows nothing about what is shown.
//
// Streams that are not terminals get plain text: no colour, no escape
// sequences, no redrawing.
package term
