package figures

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// levels are the bands of a map of contours.
type levels struct {
	at    []float64
	texts []string // of each level's line; empty for none
	axis  chart.Axis
	shade func(i int) color.NRGBA
}

// lossLevels returns about twelve levels: evenly spaced, or 1, 2, 5 times the
// powers of ten where the loss spans more than a linear scale can show.
func lossLevels(values []float64) levels {
	low, high := slices.Min(values), slices.Max(values)
	var l levels
	if low > 0 && high > 20*low {
		l.axis = chart.Axis{Low: low, High: high, Log: true}
		l.at = append(l.at, low)
		digits := []float64{1, 1.5, 2, 3, 5, 7}
		if high > 400*low {
			digits = []float64{1, 2, 5}
		}
		if high > 1e5*low {
			digits = []float64{1}
		}
		for n := chart.Decade(low); n <= chart.Decade(high); n++ {
			for _, digit := range digits {
				if v := float64(digit * chart.PowerOf10(n)); v > low && v < high {
					l.at = append(l.at, v)
				}
			}
		}
		l.at = append(l.at, high)
	} else {
		l.at, l.axis = evenLevels(low, high, 12)
	}
	l.texts = make([]string, len(l.at))
	for i := 1; i < len(l.at)-1; i += 2 {
		l.texts[i] = "$" + round(l.at[i]) + "$"
	}
	n := len(l.at) - 1
	l.shade = func(i int) color.NRGBA { return chart.Sequential.At(float64(i) / float64(max(n-1, 1))) }
	return l
}

// changeLevels returns evenly spaced levels on both sides of zero; zero is a line
// between two bands.
func changeLevels(values []float64) levels {
	most := largest(values)
	if most == 0 {
		most = 1
	}
	var l levels
	l.at, l.axis = evenLevels(-most, most, 12)
	l.texts = make([]string, len(l.at))
	middle := float64(l.axis.High - l.axis.Low)
	for i, v := range l.at {
		if math.Abs(v) < 1e-9*middle {
			l.at[i], v = 0, 0
		}
		if i%2 == (len(l.at)-1)/2%2 {
			l.texts[i] = "$" + round(v) + "$"
		}
	}
	n := len(l.at) - 1
	l.shade = func(i int) color.NRGBA { return chart.Diverging.At((float64(i) + 0.5) / float64(n)) }
	return l
}

// round writes a level, which is a round number, without trailing zeros.
func round(v float64) string {
	if a := math.Abs(v); a == 0 || a >= 1e-3 && a < 1e5 {
		text := strconv.FormatFloat(v, 'f', 6, 64)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return chart.Digits(v, 1)
}

// evenLevels returns about n levels at round numbers that enclose low to high.
func evenLevels(low, high float64, n int) ([]float64, chart.Axis) {
	if !(high > low) {
		high = low + max(math.Abs(low), 1e-12)
	}
	step := (high - low) / float64(n)
	power := chart.PowerOf10(chart.Decade(step))
	for _, digit := range []float64{1, 2, 2.5, 5, 10} {
		if digit*power >= step*0.999 {
			step = float64(digit * power)
			break
		}
	}
	from, to := int(math.Floor(low/step+1e-9)), int(math.Ceil(high/step-1e-9))
	var at []float64
	for i := from; i <= to; i++ {
		at = append(at, float64(float64(i)*step))
	}
	return at, chart.Axis{Low: at[0], High: at[len(at)-1]}
}
