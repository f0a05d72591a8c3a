package term

// Style colours text, or leaves it alone. The zero value leaves it alone.
type Style struct{ on bool }

// NewStyle returns a style that colours where on is true.
func NewStyle(on bool) Style { return Style{on} }

// The colours are the eight of the terminal's own palette, so that they are
// readable on light and dark grounds alike.

// Bold is for what stands out.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim is for what may be overlooked.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Good is green, for what is done.
func (s Style) Good(text string) string { return s.wrap("32", text) }

// Bad is red, for what failed.
func (s Style) Bad(text string) string { return s.wrap("31", text) }

// Warn is yellow, for what wants a look.
func (s Style) Warn(text string) string { return s.wrap("33", text) }

// Busy is cyan, for what is going on.
func (s Style) Busy(text string) string { return s.wrap("36", text) }

func (s Style) wrap(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
