package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Axis maps values to places on the page and knows its ticks.
type Axis struct {
	Label  string // markup
	Low    float64
	High   float64
	Log    bool
	Counts bool // label whole numbers as such on a log axis: 1,000 instead of 10³
	Bare   bool // ticks without labels: a panel below has them
	Most   int  // largest number of labels; 0 for the usual ten
	// Marks take the place of ticks at round numbers, for an axis of names.
	Marks []Tick
	// Room is the least width kept free for the labels of the ticks, in
	// points, so that panels above each other begin at the same place.
	Room     float64
	from, to float64
}

// Tick is a mark on an axis; label is empty for a small one.
type Tick struct {
	Value float64
	Label string
}

// At returns the place of v on the page, along the axis, in points.
func (a *Axis) At(v float64) float64 {
	t := (v - a.Low) / (a.High - a.Low)
	if a.Log {
		low := detmath.Log(a.Low)
		t = (detmath.Log(v) - low) / (detmath.Log(a.High) - low)
	}
	return a.from + float64(t*(a.to-a.from))
}

// Clamp returns the value on the axis that is nearest to v.
func (a *Axis) Clamp(v float64) float64 { return min(max(v, a.Low), a.High) }

// LogAxis returns a log axis for positive values from low to high, with a
// little air and at least two powers of ten on it. Its ends are limited to the range of numbers.
func LogAxis(label string, low, high float64) Axis {
	const air = 1.25
	const least, most = 1e-300, 1e300
	low, high = min(max(low/air, least), most/100), min(max(high*air, 100*least), most)
	if a, b := Decade(low), Decade(high); b-a < 2 {
		// Fewer than two powers of ten lie between: take in the nearest.
		if PowerOf10(a) < low {
			low = PowerOf10(a)
		}
		if b-a < 1 {
			high = PowerOf10(b + 1)
		}
	}
	return Axis{Label: label, Low: low, High: high, Log: true}
}

// Decade returns the largest n with 10ⁿ ≤ v, for positive v; outside of the
// normal numbers that of the nearest of these.
func Decade(v float64) int {
	const least, most = 1e-307, 1e308
	v = min(max(v, least), most)
	n := int(math.Floor(detmath.Log(v) / math.Ln10))
	// The logarithm of a power of ten may fall on either side of n.
	for PowerOf10(n) > v {
		n--
	}
	for PowerOf10(n+1) <= v {
		n++
	}
	return n
}

// PowerOf10 returns the float64 next to 10ⁿ, the same on every machine.
func PowerOf10(n int) float64 {
	v, err := strconv.ParseFloat("1e"+strconv.Itoa(n), 64)
	if err != nil {
		return math.Inf(n) // beyond the range; n is positive then
	}
	return v
}

// LinearAxis returns an axis from low to the first step above high. It ends
// where numbers do, and where both are the same it is as long as the value.
func LinearAxis(label string, low, high float64) Axis {
	const most, least = 1e300, 1e-300
	low, high = min(max(low, -most), most), min(max(high, -most), most)
	if size := max(math.Abs(low), math.Abs(high)); high-low <= max(float64(size*1e-12), least) {
		if size < least {
			size = 1
		}
		high = low + size
	}
	a := Axis{Label: label, Low: low, High: high}
	step := a.step()
	a.High = low + float64(step*math.Ceil(float64((high-low)/step)-1e-9))
	return a
}

// wider returns the next step: 1, 2 and 5 times a power of ten follow each
// other.
func wider(step float64) float64 {
	power := PowerOf10(Decade(float64(step * 1.0000001)))
	switch digit := step / power; {
	case digit < 1.5:
		return 2 * power
	case digit < 3:
		return 5 * power
	}
	return 10 * power
}

// step returns 1, 2 or 5 times a power of ten, so that four to ten steps cover
// the axis.
func (a *Axis) step() float64 {
	length := a.High - a.Low
	if !(length > 0) {
		return 1
	}
	power := PowerOf10(Decade(length))
	switch {
	case length >= 8*power:
		return 2 * power
	case length >= 4*power:
		return power
	case length >= 2*power:
		return power / 2
	}
	return power / 5
}

// Ticks returns the marks from low to high.
func (a *Axis) Ticks() []Tick {
	ticks := a.Marks
	switch {
	case ticks != nil:
	case a.Log:
		ticks = a.logTicks()
	default:
		ticks = a.linearTicks()
	}
	if a.Bare {
		ticks = slices.Clone(ticks)
		for i := range ticks {
			ticks[i].Label = ""
		}
	}
	return ticks
}

func (a *Axis) linearTicks() []Tick {
	step := a.step()
	for a.Most > 0 && (a.High-a.Low)/step > float64(a.Most) {
		step = wider(step)
	}
	decimals := max(0, -Decade(float64(step*1.0000001)))
	// Long numbers are written with a power of ten.
	power := Decade(max(math.Abs(a.Low), math.Abs(a.High)))
	long := decimals > 7 || power >= 12
	var out []Tick
	for i := math.Ceil(float64(a.Low/step) - 1e-9); ; i++ {
		v := float64(i*step) + 0 // + 0 makes 0 of −0
		if v > a.High+float64(step*1e-9) {
			return out
		}
		var label string
		switch {
		case long && v != 0:
			digits := max(0, power-Decade(float64(step*1.0000001)))
			label = fmt.Sprintf(`$%.*f \times 10^{%d}$`, digits, v/PowerOf10(power), power)
		case long:
			label = "0"
		case decimals == 0:
			label = strings.Replace(Count(int(v)), "-", "−", 1)
		default:
			label = strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
		}
		out = append(out, Tick{v, label})
	}
}

// logTicks labels the powers of ten, every second or third if there are many.
func (a *Axis) logTicks() []Tick {
	first, last := Decade(a.Low), Decade(a.High)
	every := 1 + (last-first)/9
	if a.Most > 0 {
		every = 1 + (last-first)/a.Most
	}
	var out []Tick
	for n := first; n <= last; n++ {
		for digit := 1; digit <= 9; digit++ {
			v := float64(float64(digit) * PowerOf10(n))
			if v < float64(a.Low*(1-1e-9)) || v > float64(a.High*(1+1e-9)) {
				continue
			}
			t := Tick{Value: v}
			if digit == 1 && n%every == 0 {
				t.Label = fmt.Sprintf("$10^{%d}$", n)
				if a.Counts && n >= 0 && n <= 6 {
					t.Label = Count(int(v))
				}
			}
			if digit == 1 || every == 1 {
				out = append(out, t)
			}
		}
	}
	return out
}

// Value returns the value of a linear axis at a place on the page.
func (a *Axis) Value(at float64) float64 {
	return a.Low + float64((at-a.from)/(a.to-a.from)*(a.High-a.Low))
}

// Extent is the range of the positive values given to it.
type Extent struct{ Low, High float64 }

// Take widens e to the positive values among v.
func (e *Extent) Take(v []float64) {
	for _, x := range v {
		if !(x > 0) {
			continue
		}
		if e.High == 0 {
			e.Low, e.High = x, x
		}
		e.Low, e.High = min(e.Low, x), max(e.High, x)
	}
}

// TakeOne widens e to v if it is positive.
func (e *Extent) TakeOne(v float64) { e.Take([]float64{v}) }

// Positive returns the range, or a default if there was none: all
// networks of a figure may have collapsed.
func (e *Extent) Positive() (low, high float64) {
	if e.High == 0 {
		return 1e-4, 1
	}
	return e.Low, e.High
}
