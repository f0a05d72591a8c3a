package userfiles

import (
	"slices"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// findLayers returns the matrices of the network with their biases, and the names
// of the tensors that are not part of it. names says which matrices, and in what
// order, or nothing for all.
func findLayers(file *safetensors.File, names []string) (layers []layer, skipped []string, err error) {
	if len(file.Tensors) == 0 {
		return nil, nil, mistake(saveHint, "there is no tensor in the file")
	}
	var matrices []safetensors.Tensor
	if len(names) > 0 {
		matrices, err = chosen(file, names)
	} else {
		matrices, err = all(file)
	}
	if err != nil {
		return nil, nil, err
	}
	used := map[string]bool{}
	for _, m := range matrices {
		l := layer{Tensor: m, bias: biasOf(file, m)}
		used[m.Name] = true
		if l.bias != nil {
			used[l.bias.Name] = true
		}
		layers = append(layers, l)
	}
	var lost []safetensors.Tensor
	for _, t := range file.Tensors {
		switch {
		case used[t.Name]:
		case len(names) == 0 && isBias(t.Name) && !isState(t.Name):
			lost = append(lost, t)
		default:
			skipped = append(skipped, t.Name)
		}
	}
	if len(lost) > 0 {
		return nil, nil, mistake("--layers NAME,… picks the matrices, and their biases with them, if others are not part of the network",
			"%s belongs to no matrix: want a value for each of its outputs, under its name with bias in place of weight", quote(lost[0]))
	}
	slices.Sort(skipped)
	return layers, skipped, nil
}

// all takes every matrix of the file that can belong to the network, in the
// natural order of their names.
func all(file *safetensors.File) ([]safetensors.Tensor, error) {
	if err := unsupported(file); err != nil {
		return nil, err
	}
	var matrices []safetensors.Tensor
	named := false // some are called weights
	for _, t := range file.Tensors {
		if len(t.Shape) == 2 && !isState(t.Name) && !isBias(t.Name) {
			matrices = append(matrices, t)
			named = named || isWeight(t.Name)
		}
	}
	if named {
		matrices = slices.DeleteFunc(matrices, func(t safetensors.Tensor) bool { return !isWeight(t.Name) })
	}
	matrices = slices.DeleteFunc(matrices, func(t safetensors.Tensor) bool {
		return slices.ContainsFunc(file.Tensors, func(m safetensors.Tensor) bool { b := biasOf(file, m); return b != nil && b.Name == t.Name })
	})
	if len(matrices) == 0 {
		return nil, mistake(saveHint, "there is no matrix among the tensors of the file: %s", shortList(tensorNames(file.Tensors)))
	}
	slices.SortFunc(matrices, func(a, b safetensors.Tensor) int { return natural(a.Name, b.Name) })
	return matrices, nil
}

func tensorNames(list []safetensors.Tensor) []string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = quote(t)
	}
	return names
}

// chosen takes the named tensors, with or without ".weight" at the end and the
// prefixes that wrappers put before them.
func chosen(file *safetensors.File, names []string) ([]safetensors.Tensor, error) {
	var matrices []safetensors.Tensor
	for i, name := range names {
		t, err := file.Tensor(name)
		if err != nil {
			at := slices.IndexFunc(file.Tensors, func(t safetensors.Tensor) bool {
				bare := withoutPrefixes(t.Name)
				return t.Name == name+".weight" || bare == name || bare == name+".weight"
			})
			if at < 0 {
				return nil, mistake("--layers takes names of tensors, from the input to the output", "%s", strings.TrimPrefix(err.Error(), "safetensors: "))
			}
			t = file.Tensors[at]
		}
		if slices.ContainsFunc(matrices, func(l safetensors.Tensor) bool { return l.Name == t.Name }) {
			return nil, mistake("", "--layers names %s twice", names[i])
		}
		matrices = append(matrices, t)
	}
	return matrices, nil
}

// withoutPrefixes removes what DataParallel, torch.compile and wrappers put before
// a name.
func withoutPrefixes(name string) string {
	for again := true; again; {
		again = false
		for _, p := range []string{"module.", "_orig_mod.", "net.", "model."} {
			if rest, ok := strings.CutPrefix(name, p); ok {
				name, again = rest, true
			}
		}
	}
	return name
}

// biasWords pairs the last word of a matrix's name with that of its biases.
var biasWords = [][2]string{{"weights", "biases"}, {"weight", "bias"}, {"kernel", "bias"}, {"W", "b"}, {"w", "b"}}

// biasOf returns the biases of a matrix: the vector under its name with another
// last word. Its length is that of a side of the matrix.
func biasOf(file *safetensors.File, m safetensors.Tensor) *safetensors.Tensor {
	if len(m.Shape) != 2 {
		return nil
	}
	for _, words := range biasWords {
		at := strings.LastIndex(m.Name, words[0])
		if at < 0 {
			continue
		}
		name := m.Name[:at] + words[1] + m.Name[at+len(words[0]):]
		i := slices.IndexFunc(file.Tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 || !isVector(file.Tensors[i].Shape) {
			continue
		}
		if n := length(file.Tensors[i].Shape); n == m.Shape[0] || n == m.Shape[1] {
			return &file.Tensors[i]
		}
	}
	return nil
}

// isVector reports whether a shape is that of a vector, a row or a column.
func isVector(shape []int) bool {
	return len(shape) == 1 || len(shape) == 2 && (shape[0] == 1 || shape[1] == 1)
}

func length(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// isBias and isWeight tell what a tensor is called, isState whether it belongs to
// an optimiser.
func isBias(name string) bool { return strings.Contains(strings.ToLower(lastWord(name)), "bias") }

func isWeight(name string) bool {
	last := strings.ToLower(lastWord(name))
	return strings.Contains(last, "weight") || strings.Contains(last, "kernel")
}

func isState(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"exp_avg", "momentum", "optimizer", "opt_state", "grad"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// lastWord is the part of a name after the last dot or slash.
func lastWord(name string) string { return name[strings.LastIndexAny(name, "./")+1:] }

// unsupported finds tensors of layers that are not fully connected. The error is
// one sentence that says what is supported.
func unsupported(file *safetensors.File) error {
	var found, kinds []string
	add := func(t safetensors.Tensor, kind string) {
		if !slices.Contains(kinds, kind) {
			kinds, found = append(kinds, kind), append(found, quote(t)+" belongs to "+kind)
		}
	}
	for _, t := range file.Tensors {
		name, last := strings.ToLower(t.Name), strings.ToLower(lastWord(t.Name))
		contains := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
		}
		switch {
		case isState(t.Name):
		case contains("in_proj_weight", "q_proj", "k_proj", "v_proj", "attn", "attention"):
			add(t, "attention")
		case contains("weight_ih", "weight_hh"):
			add(t, "a recurrent layer")
		case contains("running_mean", "running_var", "moving_mean", "moving_variance"):
			add(t, "BatchNorm")
		case len(t.Shape) > 2 && isFloat(t):
			add(t, "a convolution or another layer of more dimensions")
		case len(t.Shape) == 1 && (isWeight(t.Name) || last == "gamma" || last == "scale" || last == "beta"):
			add(t, "a normalisation such as BatchNorm or LayerNorm")
		case contains("embedding"):
			add(t, "an embedding")
		}
	}
	if len(found) == 0 {
		return nil
	}
	return mistake("--layers NAME,… picks the matrices if the others are not part of the network",
		"%s: supported are fully connected networks, matrices and biases with one activation between them, and no convolution, normalisation, attention, recurrent layer or embedding", strings.Join(found, ", "))
}
