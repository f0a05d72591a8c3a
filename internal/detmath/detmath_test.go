package detmath

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The references: Taylor series in 200-bit arithmetic.
const prec = 200

func bigExp(x float64) *big.Float {
	// eˣ = (e^(x/2^20))^(2^20); x/2^20 is exact.
	const halvings = 20
	r := new(big.Float).SetPrec(prec + 40).SetFloat64(x)
	r.SetMantExp(r, -halvings)
	sum := big.NewFloat(1).SetPrec(prec + 40)
	term := big.NewFloat(1).SetPrec(prec + 40)
	for i := 1; i < 60; i++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetInt64(int64(i)))
		if term.Sign() == 0 || term.MantExp(nil) < -prec-40 {
			break
		}
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// bigArtanh2 returns 2·artanh(s) for |s| ≤ 1/3.
func bigArtanh2(s *big.Float) *big.Float {
	z := new(big.Float).SetPrec(prec).Mul(s, s)
	sum := new(big.Float).SetPrec(prec)
	power := new(big.Float).SetPrec(prec).Set(s)
	for j := int64(1); j < 400; j += 2 {
		term := new(big.Float).SetPrec(prec).Quo(power, new(big.Float).SetInt64(j))
		sum.Add(sum, term)
		power.Mul(power, z)
		if term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-prec {
			break
		}
	}
	return sum.Mul(sum, big.NewFloat(2))
}

var bigLn2 = bigArtanh2(new(big.Float).SetPrec(prec).Quo(big.NewFloat(1).SetPrec(prec), big.NewFloat(3)))

// bigLog returns log(u) for u > 0 given exactly.
func bigLog(u *big.Float) *big.Float {
	m := new(big.Float).SetPrec(prec)
	e := u.MantExp(m) // m in [½, 1)
	if m.Cmp(big.NewFloat(math.Sqrt2/2)) < 0 {
		m.SetMantExp(m, 1)
		e--
	}
	one := big.NewFloat(1).SetPrec(prec)
	s := new(big.Float).SetPrec(prec).Quo(new(big.Float).SetPrec(prec).Sub(m, one), new(big.Float).SetPrec(prec).Add(m, one))
	l := bigArtanh2(s)
	return l.Add(l, new(big.Float).SetPrec(prec).Mul(bigLn2, new(big.Float).SetInt64(int64(e))))
}

// ulps returns |got − want| in units of the last place of want, for mantissas
// of p bits and least exponent emin.
func ulps(got float64, want *big.Float, p, emin int) float64 {
	if want.Sign() == 0 {
		return math.Abs(got) * math.Inf(1)
	}
	e := max(want.MantExp(nil)-p, emin)
	d := new(big.Float).SetPrec(prec).Sub(new(big.Float).SetPrec(prec).SetFloat64(got), want)
	d.SetMantExp(d, -e)
	f, _ := d.Float64()
	return math.Abs(f)
}

func TestExpAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	points := []float64{1, -1, 0.5, 709.78, -708.4, -745.13, 1e-300, -5e-324, math.Ln2 / 2, -math.Ln2 / 2, 1e-8}
	for range 4000 {
		points = append(points,
			(rng.Float64()*2-1)*0.4,
			(rng.Float64()*2-1)*30,
			rng.Float64()*1454-744.9, // the whole range, subnormal results too
			math.Ldexp(rng.Float64()*2-1, -rng.IntN(60)))
	}
	worst, at := 0.0, 0.0
	for _, x := range points {
		if x > 709.78 {
			continue
		}
		if u := ulps(Exp(x), bigExp(x), 53, -1074); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("Exp: at most %.3f ulp (at %v)", worst, at)
	if worst > 1 {
		t.Errorf("Exp(%v) is off by %.3f ulp", at, worst)
	}
}

func TestExp32AgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	worst, at := 0.0, float32(0)
	for i := range 20000 {
		x := float32(rng.Float64()*191 - 103)
		if i%2 == 0 {
			x = float32(math.Ldexp(rng.Float64()*2-1, 4-rng.IntN(30)))
		}
		if x > 88.7 {
			continue
		}
		if u := ulps(float64(Exp32(x)), bigExp(float64(x)), 24, -149); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("Exp32: at most %.3f ulp (at %v)", worst, at)
	if worst > 1.5 {
		t.Errorf("Exp32(%v) is off by %.3f ulp", at, worst)
	}
}

func TestLogAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	points := []float64{5e-324, 1e-310, 0x1p-1022, math.MaxFloat64, 0.5, 2, math.E, math.Sqrt2, math.Sqrt2 / 2, 1 + 0x1p-52, 1 - 0x1p-53}
	for range 4000 {
		points = append(points,
			math.Float64frombits(rng.Uint64N(0x7ff<<52)+1),
			1+(rng.Float64()*2-1)*math.Ldexp(1, -rng.IntN(50)-1),
			rng.Float64()*100)
	}
	worst, at := 0.0, 0.0
	for _, x := range points {
		if x <= 0 || x == 1 || math.IsInf(x, 0) {
			continue
		}
		if u := ulps(Log(x), bigLog(new(big.Float).SetPrec(prec).SetFloat64(x)), 53, -1074); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("Log: at most %.3f ulp (at %v)", worst, at)
	if worst > 1 {
		t.Errorf("Log(%v) is off by %.3f ulp", at, worst)
	}
}

func TestLog1pAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	points := []float64{1, -0.5, 0x1p-54, -0x1p-54, 0x1p-53, math.Sqrt2 - 1, math.Sqrt2/2 - 1, 1e300, -1 + 0x1p-53, 5e-324, 0x1p53}
	for range 4000 {
		points = append(points,
			rng.Float64()*2-1,
			math.Ldexp(rng.Float64()*2-1, -rng.IntN(60)),
			math.Ldexp(rng.Float64(), rng.IntN(200)))
	}
	worst, at := 0.0, 0.0
	for _, x := range points {
		if x == 0 || x <= -1 {
			continue
		}
		// 1+x needs up to 1,100 bits: enough that the sum is exact or
		// good to 2⁻²⁰⁰ of the result, which for tiny x is x itself.
		one := big.NewFloat(1).SetPrec(1200)
		u := new(big.Float).SetPrec(1200).Add(one, new(big.Float).SetFloat64(x))
		want := bigLog1p(x, u)
		if u := ulps(Log1p(x), want, 53, -1074); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("Log1p: at most %.3f ulp (at %v)", worst, at)
	if worst > 1 {
		t.Errorf("Log1p(%v) is off by %.3f ulp", at, worst)
	}
}

// bigLog1p keeps full relative precision for small x: s = x/(2+x).
func bigLog1p(x float64, u *big.Float) *big.Float {
	if math.Abs(x) > 0.25 {
		return bigLog(u)
	}
	bx := new(big.Float).SetPrec(prec).SetFloat64(x)
	two := big.NewFloat(2).SetPrec(1200)
	den := new(big.Float).SetPrec(1200).Add(two, bx)
	return bigArtanh2(new(big.Float).SetPrec(prec).Quo(bx, den))
}

// bigExpm1 keeps 200 bits of eˣ − 1.
func bigExpm1(x float64) *big.Float {
	if math.Abs(x) > 0x1p-30 {
		return new(big.Float).SetPrec(prec).Sub(bigExp(x), big.NewFloat(1))
	}
	sum, term := new(big.Float).SetPrec(prec), big.NewFloat(1).SetPrec(prec)
	for i := int64(1); i < 12; i++ {
		term.Mul(term, big.NewFloat(x))
		term.Quo(term, new(big.Float).SetInt64(i))
		sum.Add(sum, term)
	}
	return sum
}

func TestTanhAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	points := []float64{1, -1, 0.5, -0.5, 0.49999, 1e-300, 22, -21.9, 1e-8, 0x1p-28, math.Ln2 / 2, -math.Ln2 / 2}
	for range 4000 {
		points = append(points, (rng.Float64()*2-1)*0.6, (rng.Float64()*2-1)*25, math.Ldexp(rng.Float64()*2-1, -rng.IntN(60)))
	}
	one, two := big.NewFloat(1).SetPrec(prec), big.NewFloat(2).SetPrec(prec)
	tests := map[string]struct {
		got  func(float64) float64
		want func(x float64) *big.Float
		most float64
	}{
		"Expm1": {Expm1, bigExpm1, 1.5},
		"Tanh": {Tanh, func(x float64) *big.Float {
			e := bigExpm1(2 * x)
			return new(big.Float).SetPrec(prec).Quo(e, new(big.Float).SetPrec(prec).Add(e, two))
		}, 3},
		"Sigmoid": {Sigmoid, func(x float64) *big.Float {
			e := bigExp(-x)
			return new(big.Float).SetPrec(prec).Quo(one, new(big.Float).SetPrec(prec).Add(e, one))
		}, 3},
	}
	for name, c := range tests {
		worst, at := 0.0, 0.0
		for _, x := range points {
			if u := ulps(c.got(x), c.want(x), 53, -1074); u > worst {
				worst, at = u, x
			}
		}
		t.Logf("%s: at most %.3f ulp (at %v)", name, worst, at)
		if worst > c.most {
			t.Errorf("%s(%v) is off by %.3f ulp", name, at, worst)
		}
	}
}

const erfcPrec = 2400

// bigPi is π by Machin's formula.
var bigPi = func() *big.Float {
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(erfcPrec).SetFloat64(x) }
	arctan := func(n int64) *big.Float { // of 1/n
		total, p := f(0), f(1)
		p.Quo(p, new(big.Float).SetInt64(n))
		for k := int64(1); p.MantExp(nil) > -erfcPrec; k += 2 {
			total.Add(total, f(0).Quo(p, new(big.Float).SetInt64(k)))
			p.Quo(p, new(big.Float).SetInt64(-n*n))
		}
		return total
	}
	return f(0).Sub(f(0).Mul(f(16), arctan(5)), f(0).Mul(f(4), arctan(239)))
}()

// bigErfc is 1 − 2/√π Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n+1)) with bits to spare for the
// cancellation.
func bigErfc(x float64) *big.Float {
	f := func(x float64) *big.Float { return new(big.Float).SetPrec(erfcPrec).SetFloat64(x) }
	square, power, sum := f(x), f(x), f(x)
	square.Mul(square, square)
	for n := int64(1); ; n++ {
		power.Mul(power, square)
		power.Quo(power, new(big.Float).SetInt64(-n))
		term := f(0).Quo(power, new(big.Float).SetInt64(2*n+1))
		sum.Add(sum, term)
		if term.Sign() == 0 || term.MantExp(nil) < -1200 {
			break
		}
	}
	sum.Mul(sum, f(2))
	sum.Quo(sum, f(0).Sqrt(bigPi))
	return f(0).Sub(f(1), sum)
}

func TestErfcAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	points := []float64{0, 1, -1, 0.84374, 0.84376, 1.2499, 1.25, 1 / 0.35, 2.85, 5.99, -5.99, 26, 1e-9, -1e-17, 0.25}
	for range 60 {
		points = append(points, (rng.Float64()*2-1)*3, (rng.Float64()*2-1)*6, rng.Float64()*26)
	}
	worst, at := 0.0, 0.0
	for _, x := range points {
		if u := ulps(Erfc(x), bigErfc(x), 53, -1074); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("Erfc: at most %.3f ulp (at %v)", worst, at)
	if worst > 4 {
		t.Errorf("Erfc(%v) is off by %.3f ulp", at, worst)
	}
}

func TestSpecialValues(t *testing.T) {
	inf, nan, negZero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	tests := []struct {
		name      string
		got, want float64
	}{
		{"Exp(0)", Exp(0), 1},
		{"Exp(-0)", Exp(negZero), 1},
		{"Exp(+Inf)", Exp(inf), inf},
		{"Exp(-Inf)", Exp(-inf), 0},
		{"Exp(NaN)", Exp(nan), nan},
		{"Exp(710)", Exp(710), inf},
		{"Exp(-746)", Exp(-746), 0},
		{"Exp(-745)", Exp(-745), 5e-324},
		{"Exp32(0)", float64(Exp32(0)), 1},
		{"Exp32(+Inf)", float64(Exp32(float32(inf))), inf},
		{"Exp32(-Inf)", float64(Exp32(float32(-inf))), 0},
		{"Exp32(NaN)", float64(Exp32(float32(nan))), nan},
		{"Exp32(-104)", float64(Exp32(-104)), 0},
		{"Log(1)", Log(1), 0},
		{"Log(0)", Log(0), -inf},
		{"Log(-0)", Log(negZero), -inf},
		{"Log(-1)", Log(-1), nan},
		{"Log(+Inf)", Log(inf), inf},
		{"Log(NaN)", Log(nan), nan},
		{"Expm1(+Inf)", Expm1(inf), inf},
		{"Expm1(-Inf)", Expm1(-inf), -1},
		{"Expm1(-0)", Expm1(negZero), negZero},
		{"Expm1(NaN)", Expm1(nan), nan},
		{"Tanh(+Inf)", Tanh(inf), 1},
		{"Tanh(-Inf)", Tanh(-inf), -1},
		{"Tanh(-0)", Tanh(negZero), negZero},
		{"Tanh(NaN)", Tanh(nan), nan},
		{"Sigmoid(-Inf)", Sigmoid(-inf), 0},
		{"Sigmoid(+Inf)", Sigmoid(inf), 1},
		{"Sigmoid(-745)", Sigmoid(-745), 5e-324},
		{"Erfc(0)", Erfc(0), 1},
		{"Erfc(+Inf)", Erfc(inf), 0},
		{"Erfc(-Inf)", Erfc(-inf), 2},
		{"Erfc(NaN)", Erfc(nan), nan},
		{"Log1p(0)", Log1p(0), 0},
		{"Log1p(-0)", Log1p(negZero), negZero},
		{"Log1p(-1)", Log1p(-1), -inf},
		{"Log1p(-2)", Log1p(-2), nan},
		{"Log1p(+Inf)", Log1p(inf), inf},
		{"Log1p(NaN)", Log1p(nan), nan},
		{"Log1p(1e-300)", Log1p(1e-300), 1e-300},
	}
	for _, tt := range tests {
		same := math.Float64bits(tt.got) == math.Float64bits(tt.want) || tt.got != tt.got && tt.want != tt.want
		if !same {
			t.Errorf("%s = %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}
