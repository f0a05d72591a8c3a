package chart

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Title names the data, then what is the same for all that is shown.
func Title(dataset, input string, fixed ...string) string {
	kind, ok := map[string]string{"direct": "direct inputs", "features": "image features"}[input]
	if !ok {
		kind = Plain(input)
	}
	return strings.Join(append([]string{DatasetName(dataset), kind}, fixed...), ", ")
}

// DatasetName is what people call a data set.
func DatasetName(dataset string) string {
	name, ok := map[string]string{
		"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100",
		"cifar10_split": "First batch of CIFAR-10", "cifar100_standin": "CIFAR-100 stand-in",
	}[dataset]
	if !ok {
		return Plain(dataset)
	}
	return name
}

// Plain keeps a name from being read as mathematics.
func Plain(name string) string { return strings.ReplaceAll(name, "$", `\$`) }

// WidthLabel names a width h of the hidden layers.
func WidthLabel(h int) string { return fmt.Sprintf("$h = %d$", h) }

// DepthLabel names the code's num_layers.
func DepthLabel(l int) string { return fmt.Sprintf("num_layers $= %d$", l) }

// SeedLabel names a seed.
func SeedLabel(s int64) string { return fmt.Sprintf("seed %d", s) }

// SizeLabel names a sample size k.
func SizeLabel(k int) string { return `$k = ` + MathCount(k) + `$` }

// Common returns f of the elements of list if it is the same for all; list
// must not be empty.
func Common[E any, T comparable](list []E, f func(E) T) (value T, ok bool) {
	value = f(list[0])
	for _, e := range list[1:] {
		if f(e) != value {
			return value, false
		}
	}
	return value, true
}

// Count writes a whole number with commas, as in 10,000.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// MathCount is Count inside of mathematics, where a comma would be followed by a
// space.
func MathCount(n int) string { return strings.ReplaceAll(Count(n), ",", `\text{,}`) }

// Plural writes a number of things, of which there may be one.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// Short writes a value with three digits, as mathematics.
func Short(v float64) string { return Digits(v, 3) }

// Digits writes a value with that many digits, as mathematics.
func Digits(v float64, digits int) string {
	text := strings.TrimSuffix(fmt.Sprintf("%#.*g", digits, v), ".")
	if mantissa, exponent, found := strings.Cut(text, "e"); found {
		n, err := strconv.Atoi(exponent)
		if err == nil {
			return fmt.Sprintf(`%s \times 10^{%d}`, strings.TrimSuffix(mantissa, "."), n)
		}
	}
	return text
}

// Median returns the middle of the values, or the mean of the two middle ones;
// there must be one. stats.Median rounds in another way, so that its last bit
// may differ, and figures keep this one.
func Median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
