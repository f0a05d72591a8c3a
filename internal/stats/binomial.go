package stats

import "github.com/landscape-pipe/landscape-pipe/internal/detmath"

// BinomialTail returns P(X ≥ x) for X ~ Binomial(n, p), 0 ≤ p ≤ 1.
func BinomialTail(x, n int, p float64) float64 {
	switch {
	case x <= 0:
		return 1
	case x > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	// Terms in units of the first one, P(X = from), so that neither they nor
	// their sum can underflow; the side of the mode is summed that falls.
	ratio, upper := p/(1-p), float64(float64(n+1)*p) <= float64(x)
	from, step := x, 1
	if !upper {
		from, step = x-1, -1
		ratio = 1 / ratio
	}
	term, sum := 1.0, 0.0
	for k := from; k >= 0 && k <= n && term > 0; k += step {
		sum += term
		if upper {
			term *= float64(n-k) / float64(k+1) * ratio
		} else {
			term *= float64(k) / float64(n-k+1) * ratio
		}
	}
	log := float64(float64(from)*detmath.Log(p)) + float64(float64(n-from)*detmath.Log1p(-p))
	for i := 1; i <= from; i++ {
		log += detmath.Log(float64(n-from+i) / float64(i))
	}
	tail := min(float64(detmath.Exp(log)*sum), 1)
	if !upper {
		return 1 - tail
	}
	return tail
}

// ClopperPearson returns the one-sided upper limit of a probability, of which x
// of n independent trials were successes: the p for which P(X ≤ x) is 1 −
// confidence (Clopper and Pearson, 1934). It is 1 for x ≥ n, so also without
// trials. The error is below 1e-14.
func ClopperPearson(x, n int, confidence float64) float64 {
	if x >= n {
		return 1
	}
	low, high := float64(x)/float64(n), 1.0
	for high-low > 1e-16 {
		p := low + float64((high-low)/2)
		if p == low || p == high {
			break
		}
		if BinomialTail(x+1, n, p) < confidence {
			low = p
		} else {
			high = p
		}
	}
	return high
}
