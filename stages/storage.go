package stages

import (
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/normalise"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// stored returns about how many bytes the outputs of a stage take on disk. People are
// told the sum before a run; no result depends on it.
func stored(s shape, params any) int64 {
	const single, summaries, drawn = 4, 8 << 10, 600 << 10
	parameters := int64(s.parameters())
	switch p := params.(type) {
	case fetch.Params:
		if d, err := fetch.Lookup(p.Dataset); err == nil {
			return int64(p.Objects) * int64(d.InputSize+1)
		}
	case normalise.Params:
		return single * int64(s.all) * int64(s.widths[0])
	case train.Params:
		return single * parameters
	case train.SnapshotParams:
		return single * parameters * int64(len(p.Epochs))
	case losses.Params:
		return float * int64(s.all)
	case differences.Params:
		return 3 * float * int64(s.objects)
	case spectra.Params:
		return float*parameters*int64(p.Vectors) + summaries
	case objects.Params:
		return 4 * float * int64(s.objects)
	case figures.Params, claims.Params:
		return drawn
	}
	return summaries
}
