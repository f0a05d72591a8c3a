package claims

import (
	"fmt"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// recipe is that of a network, as rows have it.
func (n network) recipe() string {
	r, warm := artifact.ByEpochs, strings.HasPrefix(n.Recipe, artifact.WarmStart)
	switch {
	case n.UntilLoss > 0:
		r = artifact.ByLoss + " " + exact(n.UntilLoss)
	case n.UntilGradient > 0:
		r = artifact.ByGradient + " " + exact(n.UntilGradient)
	case warm:
		r = artifact.Warm
	case n.Steps > 0:
		r = artifact.ByUpdates
	}
	if warm && n.Until() {
		r += ", " + artifact.Warm
	}
	if n.Optimiser != "" {
		r += ", " + n.Optimiser
	}
	if n.LearningRate > 0 {
		r += ", learning rate " + exact(n.LearningRate)
	}
	if n.Bias {
		r += artifact.WithBiases
	}
	return r
}

// reached counts the networks that were trained until a goal, and those of them
// that reached it.
func (q *panel) reached() (reached, until int) {
	for _, n := range q.networks {
		if n.end == nil {
			continue
		}
		if until++; n.end.Reached {
			reached++
		}
	}
	return reached, until
}

// missed says how many networks did not reach the goal of their training; nothing
// where there is none.
func (q *panel) missed() string {
	reached, until := q.reached()
	if until == 0 {
		return ""
	}
	missed := until - reached
	return fmt.Sprintf("; %d of %d networks (%s %%) did not reach the goal within %s", missed, until, short(float64(100*missed)/float64(until)), plural(q.networks[0].MaxEpochs, "epoch"))
}

// epochs are those that trainings until a goal took.
func (g group) epochs() []float64 {
	var v []float64
	for _, n := range g.networks {
		if n.end != nil {
			v = append(v, float64(n.end.Epochs))
		}
	}
	return v
}
