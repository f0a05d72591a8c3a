package baseline

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/bitdiff"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
)

// Rerun is how stages that ran again on the inputs on record compare with their
// results on record. Its fields are its form in JSON.
type Rerun struct {
	Replayed int          `json:"replayed"`
	Of       int          `json:"of"` // stages that were to run again
	Elapsed  float64      `json:"elapsed_seconds"`
	Diverged []Divergence `json:"diverged"` // in topological order
	Errors   []string     `json:"errors,omitempty"`
}

// Divergence is an output that has other bytes than on record.
type Divergence struct {
	Stage  string              `json:"stage"`
	Output string              `json:"output"`
	Want   pipeline.Digest     `json:"want"`
	Have   pipeline.Digest     `json:"have"`
	First  *bitdiff.Difference `json:"first,omitempty"` // nil where the bytes on record are lost
}

// NewRerun says where the outputs differ that a run compared.
func NewRerun(ctx context.Context, st *cas.Store, done *pipeline.Summary, of int) *Rerun {
	r := &Rerun{Replayed: done.Ran, Of: of, Diverged: []Divergence{}}
	for _, compared := range done.Compared {
		r.Elapsed += compared.Elapsed.Seconds()
		for _, o := range compared.Differ {
			d := Divergence{Stage: compared.Stage.Name(), Output: o.Name, Want: o.Want, Have: o.Have}
			if want, err := st.Get(ctx, o.Want); err == nil {
				d.First = new(bitdiff.First(want, o.Content))
			}
			r.Diverged = append(r.Diverged, d)
		}
	}
	return r
}

// Stages are the stages with a divergent output, in topological order.
func (r *Rerun) Stages() []string {
	var stages []string
	for _, d := range r.Diverged {
		if len(stages) == 0 || stages[len(stages)-1] != d.Stage {
			stages = append(stages, d.Stage)
		}
	}
	return stages
}
