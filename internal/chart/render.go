package chart

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// The outputs of a stage that draws.
const (
	OutputSVG = "svg"
	OutputPDF = "pdf"
	OutputPNG = "png" // 300 pixels per inch
)

const pixelsPerInch = 300

// Render writes a drawing in the three formats. Equal drawings give equal
// bytes. progress is told how many of them are done.
func Render(ctx context.Context, d *drawing.Drawing, progress func(done, total int)) (map[string][]byte, error) {
	out := make(map[string][]byte)
	for i, format := range []struct {
		output string
		write  func() ([]byte, error)
	}{
		{OutputSVG, d.SVG},
		{OutputPDF, d.PDF},
		{OutputPNG, func() ([]byte, error) { return d.PNG(pixelsPerInch) }},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out[format.output], err = format.write(); err != nil {
			return nil, fmt.Errorf("%s: %w", format.output, err)
		}
		progress(i+1, 3)
	}
	return out, nil
}
