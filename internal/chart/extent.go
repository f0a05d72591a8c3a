package chart

// Extent is the range of the positive values that it took.
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

// Positive returns the range, or one to show where nothing was taken: all
// networks of a figure may have collapsed.
func (e *Extent) Positive() (low, high float64) {
	if e.High == 0 {
		return 1e-4, 1
	}
	return e.Low, e.High
}
