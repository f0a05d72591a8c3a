// Package term writes for people who sit at a terminal: colours, the width of
// text, tables, durations, bars, and a region of lines that is redrawn in
// place. It knows nothing of what is shown, and keeps text from outside from
// steering the terminal.
//
// A stream that is not a terminal gets plain text: no colour, no escape
// sequences, no redrawing.
package term
