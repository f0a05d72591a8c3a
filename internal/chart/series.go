package chart

import (
	"slices"
	"strings"
)

// Series is one network of a figure. Of a network that was made elsewhere only
// the name is known: NotKnown stands for the rest.
type Series struct {
	Network    string // its name among the inputs
	HiddenSize int    // h
	NumLayers  int    // the code's num_layers: two less than the weight matrices
	SampleSize int    // how many objects it was trained on
	Seed       int64
	Recipe     string // how it was trained; empty for the paper's way
}

// NotKnown is a size or seed of which a figure says nothing.
const NotKnown = -1

// Apart names what tells n apart from the other networks of all; for a single
// network it is empty.
func (n Series) Apart(all []Series) string {
	var parts []string
	if _, same := Common(all, func(s Series) int { return s.HiddenSize }); !same {
		parts = append(parts, WidthLabel(n.HiddenSize))
	}
	if _, same := Common(all, func(s Series) int { return s.NumLayers }); !same {
		parts = append(parts, DepthLabel(n.NumLayers))
	}
	if _, same := Common(all, func(s Series) int { return s.SampleSize }); !same {
		parts = append(parts, Plural(n.SampleSize, "object"))
	}
	if _, same := Common(all, func(s Series) int64 { return s.Seed }); !same {
		parts = append(parts, SeedLabel(n.Seed))
	}
	if len(Recipes(all)) > 1 {
		parts = append(parts, RecipeLabel(n.Recipe))
	}
	return strings.Join(parts, ", ")
}

// Recipes are those of the networks, in order of appearance.
func Recipes(all []Series) []string {
	var list []string
	for _, s := range all {
		if !slices.Contains(list, s.Recipe) {
			list = append(list, s.Recipe)
		}
	}
	return list
}

// RecipeLabel names a way of training beside others.
func RecipeLabel(recipe string) string {
	if recipe == "" {
		return "cold start, by epochs"
	}
	return recipe
}

// Shape names the widths and depths that all networks share, for a title.
func Shape(all []Series) []string {
	var parts []string
	if h, ok := Common(all, func(s Series) int { return s.HiddenSize }); ok && h != NotKnown {
		parts = append(parts, WidthLabel(h))
	}
	if l, ok := Common(all, func(s Series) int { return s.NumLayers }); ok && l != NotKnown {
		parts = append(parts, DepthLabel(l))
	}
	return parts
}

// Trained says what all networks were trained on, how where it is not the
// paper's way, and their seed, as far as they share it, for small print; it begins with a semicolon or is empty.
func Trained(all []Series) string {
	var parts []string
	if k, ok := Common(all, func(s Series) int { return s.SampleSize }); ok && k != NotKnown {
		parts = append(parts, "trained on "+Plural(k, "object"))
	}
	if recipe, ok := Common(all, func(s Series) string { return s.Recipe }); ok && recipe != "" {
		parts = append(parts, recipe)
	}
	if seed, ok := Common(all, func(s Series) int64 { return s.Seed }); ok && seed != NotKnown {
		parts = append(parts, SeedLabel(seed))
	}
	if parts == nil {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}
