package kernel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Path names the code in use: "avx512", "avx2+fma", "neon" or "scalar". All of them
// give the same bits; only the time differs.
func Path() string {
	if vector {
		return vectorPath()
	}
	return "scalar"
}

// digest is the SHA-256 of the output of an operation for fixed inputs.
type digest struct {
	name   string
	sha256 string // hexadecimal
}

// SelfTest computes every operation of this package and of detmath on fixed
// inputs and compares the results with digests that hold on every machine. The
// error names the operations that differ. It takes some milliseconds with
// vector code and well under a second without.
func SelfTest() error {
	wrong := ""
	for i, d := range digests() {
		if i >= len(golden) || golden[i] != d {
			wrong += " " + d.name
		}
	}
	if wrong != "" {
		return fmt.Errorf("kernel self-test on path %s: results differ from the reference:%s; results of this machine are not those of others", Path(), wrong)
	}
	return nil
}

// golden is what digests returns on every machine. After a change of the order of
// operations, which also changes every artifact, go test -run TestSelfTest -update
// prints a new table.
var golden = []digest{
	{"products float32", "ea466c75b7cc71b197f48caf15bf10bd0ad346302d8976c4037ac831bf5d197d"},
	{"products float64", "e446f6e2059084fe891367121126d8b523414473b5c99eb49afedfcf909331bc"},
	{"products of bytes", "0b142c5ee734645a832c94eded91b60a1e2e86464bff78f87f6b70bf68fd89fc"},
	{"Adam", "fce4d4f18c043eaf206f06c9cfe61356eebba17de1c1af5d8a55442d27e0cf00"},
	{"vectors float32", "2daa1f887029e6af5516d2e30d7a2dd68b666085378c2918a6ea5a09c5ed627b"},
	{"vectors float64", "9b2fc911db0d3a95906c12c73fc039da6c0543338325903e227b94663b1c072f"},
	{"elements float64", "b515d9f2e7cdd1794ba89e8180b3176aecfbd466af9e0470e7f5f103a33ea949"},
	{"softmax", "1ce17db9afaff9decdbbe74dcf6f5e0241453695d81a24b410c77c9daafb0959"},
	{"sparse float32", "6be5c1eef1a41f12ec6350a646ddba8a007bb2c51e5ee032da19d4db036511e2"},
	{"sparse float64", "1c05ff48d39b1a76e969a525112dc009666ba32fe7acedee562fdf4c0f80bc3d"},
	{"detmath float64", "50e1970ed5490182b6fc92f3cf2c1329eb1066480be5739179cb2bcad67fc0ee"},
	{"detmath float32", "6c3a535659fcfd32b0fccc947033316a6f664d0736a54e3a0da07ade0861450a"},
}

// digests returns what SelfTest compares, in a fixed order.
func digests() []digest {
	s := &selfTest{}
	s.products()
	s.vectors()
	s.sparse()
	s.functions()
	return s.digests
}

// selfTest draws inputs and collects digests.
type selfTest struct {
	rng     *rand.PCG
	digests []digest
}

// floats returns n numbers between −1 and 1, some of them zero, of either
// sign, subnormal or large.
func floats[T float](s *selfTest, n int) []T {
	out := make([]T, n)
	for i := range out {
		r := s.rng.Uint64()
		v := float64(int64(r)>>11) * 0x1p-52
		switch r % 64 {
		case 0:
			v = 0
		case 1:
			v = math.Copysign(0, -1)
		case 2:
			v *= 0x1p-130
		case 3:
			v *= 0x1p40
		}
		out[i] = T(v)
	}
	return out
}

func (s *selfTest) bytes(n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		if r := s.rng.Uint64(); r%4 == 0 {
			out[i] = uint8(r >> 8)
		}
	}
	return out
}

// begin starts an operation with a stream of its own.
func (s *selfTest) begin(seed uint64) { s.rng = rand.NewPCG(seed, 0x6b65726e656c) }

// add records an operation's outputs.
func add[T float](s *selfTest, name string, outputs ...[]T) {
	h := sha256.New()
	for _, out := range outputs {
		for _, v := range out {
			switch v := any(v).(type) {
			case float32:
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			case float64:
				h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
			}
		}
	}
	s.digests = append(s.digests, digest{name, hex.EncodeToString(h.Sum(nil))})
}

func (s *selfTest) products() {
	s.begin(1)
	var c32 [][]float32
	var c64 [][]float64
	for _, d := range [][3]int{{13, 37, 29}, {64, 10, 64}, {7, 4, 700}, {25, 24, 17}, {31, 8, 33}} {
		m, n, k := d[0], d[1], d[2]
		a, b, c := floats[float32](s, m*k), floats[float32](s, k*n), floats[float32](s, 3*m*n)
		MulNN32(c[:m*n], a, b, m, n, k, true)
		MulTN32(c[m*n:], a, b, m, n, k, false)
		MulNT32(c[2*m*n:], a, b, m, n, k, true)
		c32 = append(c32, c)
		x, y, z := floats[float64](s, m*k), floats[float64](s, k*n), floats[float64](s, 3*m*n)
		MulNN64(z[:m*n], x, y, m, n, k, false)
		MulTN64(z[m*n:], x, y, m, n, k, true)
		MulNT64(z[2*m*n:], x, y, m, n, k, false)
		c64 = append(c64, z)
	}
	add(s, "products float32", c32...)
	add(s, "products float64", c64...)

	s.begin(2)
	u, b, table := s.bytes(40*53), floats[float64](s, 53*19), s.table()
	c := make([]float64, 40*19)
	MulNN64U8(c, u, 53, table, b, 40, 19, 53, false)
	d := make([]float64, 53*19)
	MulTN64U8(d, u, 53, table, b, 53, 19, 40, false)
	add(s, "products of bytes", c, d)
}

func (s *selfTest) table() *[256]float64 {
	var t [256]float64
	for u := range t {
		t[u] = float64(2*u) / 255
	}
	return &t
}

func (s *selfTest) vectors() {
	const n = 1003
	s.begin(3)
	w, m, v, g := floats[float32](s, n), floats[float32](s, n), floats[float32](s, n), floats[float32](s, n)
	for i := range v {
		v[i] = float32(math.Abs(float64(v[i])))
	}
	Adam32(w, m, v, g, AdamStep{0.1, 0.999, 0.001, 0.0031, 1.7, 1e-8})
	add(s, "Adam", w, m, v)

	x, y := floats[float32](s, n), floats[float32](s, n)
	r, mask, sums := make([]float32, n), floats[float32](s, n), make([]float32, 59)
	ReLU32(r, x)
	MaskReLU32(mask, y)
	ColSums32(sums, x, 17, 59, -1)
	wide := make([]float32, 3*64)
	Gather32(wide, 64, s.bytes(5*61), 61, []int32{4, 0, 2}, 2.0/255, -1)
	add(s, "vectors float32", r, mask, sums, wide)

	p, q := floats[float64](s, n), floats[float64](s, n)
	var four [4]float64
	Dot4x64(&four, p, q, p[:n], q[:n], q)
	one := []float64{Dot64(p, q), Sum64(p)}
	Axpy64(p, 0.7, q)
	Axpy4x64(p, &[4]float64{0.1, 0.2, 0.3, -0.4}, q, q, q, q)
	Scale64(p, 1.0/3)
	add(s, "vectors float64", four[:], one, p)
	product := make([]float64, n)
	Mul64(product, p, q)
	SumProducts64(q, p, q, product, p)
	add(s, "elements float64", product, q)

	const classes, objects = 10, 61
	logits, labels := floats[float32](s, classes*objects), s.bytes(objects)
	for i := range logits {
		logits[i] *= 30
	}
	for i := range labels {
		labels[i] %= classes
	}
	loss := SoftmaxCrossEntropy32(logits, logits, labels, classes, objects, 1.0/64)
	add(s, "softmax", logits, []float32{float32(loss)})
}

func (s *selfTest) sparse() {
	s.begin(4)
	const rows, cols = 37, 90
	u := s.bytes(rows * cols)
	table := s.table()
	var small [256]float32
	for i, v := range table {
		small[i] = float32(v)
	}
	s32, s64 := NewSparse32(u, rows, cols, &small), NewSparse64(u, rows, cols, table)
	batch := []int32{3, 36, 0, 11, 5}
	var c32 [][]float32
	var c64 [][]float64
	for _, h := range []int{1, 4, 10, 16, 61} {
		b, d, init := floats[float32](s, cols*h), floats[float32](s, len(batch)*h), floats[float32](s, h)
		z, g := make([]float32, len(batch)*h), make([]float32, cols*h)
		SparseMulNN32(z, s32, batch, b, h, init)
		SparseMulTN32(g, s32, batch, d, h, nil)
		c32 = append(c32, z, g)
		x := floats[float64](s, cols*h)
		y, t := make([]float64, rows*h), make([]float64, cols*h)
		SparseMul64(y, h, s64, 0, rows, x, h, h, x[:h])
		SparseMul64(t, h, s64.Transposed(), 0, cols, y, h, h, nil)
		c64 = append(c64, y, t)
	}
	add(s, "sparse float32", c32...)
	add(s, "sparse float64", c64...)
}

// functions covers detmath over the ranges where it is used and its edges.
func (s *selfTest) functions() {
	s.begin(5)
	var f []float64
	var g []float32
	for range 2000 {
		r := s.rng.Uint64()
		v := float64(int64(r)>>11) * 0x1p-52
		bits := math.Float64frombits(s.rng.Uint64() % (0x7ff << 52))
		f = append(f, detmath.Exp(v*750), detmath.Exp(v), detmath.Log(bits), detmath.Log(1+float64(v/2)), detmath.Log1p(v), detmath.Log1p(v*0x1p-20))
		g = append(g, detmath.Exp32(float32(v*105)), detmath.Exp32(float32(v)))
	}
	add(s, "detmath float64", f)
	add(s, "detmath float32", g)
}
