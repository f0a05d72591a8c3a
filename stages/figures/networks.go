package figures

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
)

// apart names what distinguishes n from the other networks of all; for a single
// network it is empty.
func apart(n artifact.Network, all []artifact.Network) string {
	var parts []string
	if _, same := chart.Common(all, hiddenSize); !same {
		parts = append(parts, chart.WidthLabel(n.HiddenSize))
	}
	if _, same := chart.Common(all, numLayers); !same {
		parts = append(parts, chart.DepthLabel(n.NumLayers))
	}
	if _, same := chart.Common(all, sampleSize); !same {
		parts = append(parts, chart.Plural(n.SampleSize, "object"))
	}
	if _, same := chart.Common(all, seed); !same {
		parts = append(parts, chart.SeedLabel(n.Seed))
	}
	if len(Recipes(all)) > 1 {
		parts = append(parts, recipeLabel(n.Recipe))
	}
	return strings.Join(parts, ", ")
}

func hiddenSize(n artifact.Network) int { return n.HiddenSize }
func numLayers(n artifact.Network) int  { return n.NumLayers }
func sampleSize(n artifact.Network) int { return n.SampleSize }
func seed(n artifact.Network) int64     { return n.Seed }
func recipe(n artifact.Network) string  { return n.Recipe }

// name distinguishes a network from the others of the figure.
func name(n artifact.Network, all []artifact.Network) string {
	if text := apart(n, all); text != "" {
		return text
	}
	return chart.SeedLabel(n.Seed)
}

// Recipes returns the recipes of the networks, in order of appearance.
func Recipes(all []artifact.Network) []string {
	var list []string
	for _, n := range all {
		if !slices.Contains(list, n.Recipe) {
			list = append(list, n.Recipe)
		}
	}
	return list
}

// recipeLabel names a way of training beside others.
func recipeLabel(recipe string) string {
	if recipe == "" {
		return "cold start, by epochs"
	}
	return recipe
}

// shape names the widths and depths that all networks share, for a title; they
// are not known of a network that no run trained.
func shape(all []artifact.Network) []string {
	if all[0].Given != "" {
		return nil
	}
	var parts []string
	if h, ok := chart.Common(all, hiddenSize); ok {
		parts = append(parts, chart.WidthLabel(h))
	}
	if l, ok := chart.Common(all, numLayers); ok {
		parts = append(parts, chart.DepthLabel(l))
	}
	return parts
}

// trained says what all networks were trained on, how if it is not the paper's
// way, and their seed, where they share it, for small print. It begins with a
// semicolon or is empty.
func trained(all []artifact.Network) string {
	if all[0].Given != "" {
		return ""
	}
	var parts []string
	if k, ok := chart.Common(all, sampleSize); ok {
		parts = append(parts, "trained on "+chart.Plural(k, "object"))
	}
	if r, ok := chart.Common(all, recipe); ok && r != "" {
		parts = append(parts, r)
	}
	if s, ok := chart.Common(all, seed); ok {
		parts = append(parts, chart.SeedLabel(s))
	}
	if parts == nil {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}

// read decodes a result of a network.
func read[R any](inputs map[string][]byte, result string, network artifact.Network) (R, error) {
	return artifact.Read[R](inputs, network.Result(result))
}

// readValues reads a result that is an array of finite numbers. It must have
// that shape, where −1 stands for any length.
func readValues(inputs map[string][]byte, result string, network artifact.Network, want ...int) (values []float64, shape []int, err error) {
	name := network.Result(result)
	if values, shape, err = npy.Read[float64](inputs, name, want...); err != nil {
		return nil, nil, err
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("input %s: value %d is %v", name, i, v)
		}
	}
	return values, shape, nil
}
