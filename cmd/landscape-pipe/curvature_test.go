package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// TestCurvatureScripts runs testdata/curvature/*.txtar, one behaviour each.
// Beside the commands of TestScripts they have
//
//	tensors FILE NAME=TYPE:SHAPE[:INDEX=VALUE…] …   a safetensors file; :*FACTOR
//	                                                scales all values, and NAME
//	                                                may have Go's escapes
//	array FILE TYPE SHAPE [INDEX=VALUE…]            a .npy file, TYPE as in
//	                                                numpy's descr; its values are
//	                                                0, 1, 2, 0, 1, 2, …
func TestCurvatureScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/curvature",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"NO_COLOR", "LANDSCAPE_STORE", "LANDSCAPE_DATA"} {
				env.Setenv(name, "")
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": validJSON, "tensors": tensors, "array": array, "nodes": nodes,
		},
	})
}

// sizes reads 4x6.
func sizes(ts *testscript.TestScript, text string) (shape []int, count int) {
	count = 1
	for part := range strings.SplitSeq(text, "x") {
		if text == "" {
			break
		}
		n, err := strconv.Atoi(part)
		ts.Check(err)
		shape, count = append(shape, n), count*n
	}
	return shape, count
}

// place applies INDEX=VALUE or *FACTOR to values.
func place(ts *testscript.TestScript, values []float64, text string) {
	if text, ok := strings.CutPrefix(text, "*"); ok {
		factor, err := strconv.ParseFloat(text, 64)
		ts.Check(err)
		for i := range values {
			values[i] *= factor
		}
		return
	}
	index, value, _ := strings.Cut(text, "=")
	i, err := strconv.Atoi(index)
	ts.Check(err)
	values[i], err = strconv.ParseFloat(value, 64)
	ts.Check(err)
}

func tensors(ts *testscript.TestScript, _ bool, args []string) {
	var list []safetensors.Tensor
	for _, arg := range args[1:] {
		name, rest, _ := strings.Cut(arg, "=")
		name, err := strconv.Unquote(`"` + name + `"`)
		ts.Check(err)
		parts := strings.Split(rest, ":")
		shape, count := sizes(ts, parts[1])
		values := make([]float64, count)
		for i := range values {
			values[i] = float64((7*i+3*count)%11)/8 - 0.5
		}
		for _, p := range parts[2:] {
			place(ts, values, p)
		}
		t := safetensors.Float64Tensor(name, shape, values)
		switch parts[0] {
		case "F64":
		case "F32":
			narrow := make([]float32, count)
			for i, x := range values {
				narrow[i] = float32(x)
			}
			t = safetensors.Float32Tensor(name, shape, narrow)
		default: // only its size has to be right
			width := map[string]int{"BF16": 2, "I64": 8}[parts[0]]
			t = safetensors.Tensor{Name: name, DType: safetensors.DType(parts[0]), Shape: shape, Data: make([]byte, width*count)}
		}
		list = append(list, t)
	}
	b, err := safetensors.Encode(nil, list...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

func array(ts *testscript.TestScript, _ bool, args []string) {
	shape, count := sizes(ts, args[2])
	values := make([]float64, count)
	for i := range values {
		values[i] = float64(i % 3)
	}
	for _, p := range args[3:] {
		place(ts, values, p)
	}
	dims := strings.NewReplacer("[", "(", "]", ",)", " ", ", ").Replace(fmt.Sprint(shape))
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", args[1], dims)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	b = append(b, header...)
	order := binary.AppendByteOrder(binary.LittleEndian)
	if args[1][0] == '>' {
		order = binary.BigEndian
	}
	for _, x := range values {
		switch args[1][1:] {
		case "f8":
			b = order.AppendUint64(b, math.Float64bits(x))
		case "f4":
			b = order.AppendUint32(b, math.Float32bits(float32(x)))
		case "i8", "u8":
			b = order.AppendUint64(b, uint64(int64(x)))
		case "i4", "u4":
			b = order.AppendUint32(b, uint32(int32(x)))
		case "i2", "u2", "f2":
			b = order.AppendUint16(b, uint16(int16(x)))
		case "i1", "u1", "b1":
			b = append(b, uint8(int8(x)))
		default:
			ts.Fatalf("unknown type %s", args[1])
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// goldenNetwork is a network whose curvature was computed densely with another
// framework.
type goldenNetwork struct {
	Shapes           [][2]int      `json:"layer_shapes"`
	Weights          [][][]float64 `json:"weights"`
	Inputs           [][]float64   `json:"inputs"`
	Labels           []int64       `json:"labels"`
	Losses           []float64     `json:"per_object_loss"`
	MeanLoss         float64       `json:"mean_loss"`
	Gradient         []float64     `json:"gradient"`
	HessianValues    []float64     `json:"hessian_eigenvalues"`
	GGNValues        []float64     `json:"ggn_eigenvalues"`
	Trace            float64       `json:"trace_hessian"`
	ObjectNorm       []float64     `json:"per_object_hessian_norm"`
	ObjectGGNNorm    []float64     `json:"per_object_ggn_norm"`
	IncrementNorm    []float64     `json:"hessian_increment_norm"`
	AbsLossIncrement []float64     `json:"abs_loss_increment"`
}

func readTestdata(t *testing.T, name string, value any) {
	t.Helper()
	text, err := os.ReadFile("../../internal/curvature/testdata/" + name)
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write writes the network and its data as the user of the command has them.
func (g goldenNetwork) write(t *testing.T, dir string) (flags []string) {
	t.Helper()
	var layers []safetensors.Tensor
	for p, rows := range g.Weights {
		layers = append(layers, safetensors.Float64Tensor(fmt.Sprintf("net.%d.weight", 2*p), g.Shapes[p][:], slices.Concat(rows...)))
	}
	slices.Reverse(layers) // the order of the names decides, not that in the file
	weights, err := safetensors.Encode(nil, layers...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		flag, name string
		content    []byte
	}{
		{"--weights", "w.safetensors", weights},
		{"--inputs", "x.npy", npy.Encode([]int{len(g.Inputs), len(g.Inputs[0])}, slices.Concat(g.Inputs...))},
		{"--labels", "y.npy", npy.Encode([]int{len(g.Labels)}, g.Labels)},
	} {
		file := filepath.Join(dir, f.name)
		if err := os.WriteFile(file, f.content, 0o666); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, f.flag, file)
	}
	return flags
}

// near compares by |Δ| ≤ tolerance·max(|want|, 1e-9·largest |want|).
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= tolerance*max(math.Abs(w), 1e-9*largest)) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], w)
		}
	}
}

// TestCurvatureBoundsAreOfOneSample compares the bounds in the text with those in
// JSON, of more objects than the paper's stage takes.
func TestCurvatureBoundsAreOfOneSample(t *testing.T) {
	t.Parallel()
	var g goldenNetwork
	readTestdata(t, "curvature_small.json", &g)
	for len(g.Inputs) < 250 {
		x := slices.Clone(g.Inputs[len(g.Inputs)%7])
		x[0] += float64(len(g.Inputs)) / 40
		g.Inputs, g.Labels = append(g.Inputs, x), append(g.Labels, g.Labels[len(g.Labels)%7])
	}
	dir := t.TempDir()
	network := g.write(t, dir)
	ask := func(flags ...string) string {
		var stdout, stderr bytes.Buffer
		a := newApp(&stdout, &stderr, func(string) string { return "" })
		args := append([]string{"curvature", "-q", "--bounds", "--top", "2", "--bottom", "1", "--store", filepath.Join(dir, "store")}, network...)
		if code := run(t.Context(), a, append(args, flags...)); code != exitDone {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
		return stdout.String()
	}
	var values struct {
		Bounds map[string]struct{ Median, Max float64 }
		Over   string `json:"bounds_over"`
	}
	if err := json.Unmarshal([]byte(ask("--json")), &values); err != nil {
		t.Fatal(err)
	}
	text := ask()
	if values.Over != "all 250 objects" || !strings.Contains(text, "  over "+values.Over+";") {
		t.Errorf("in JSON the bounds are over %q, the text is\n%s", values.Over, text)
	}
	lines := regexp.MustCompile(`(?m)^(\S+) .* ‖[GHR]_i‖ +(\S+) +(\S+) +\S+$`).FindAllStringSubmatch(text, -1)
	if len(lines) != len(values.Bounds) {
		t.Errorf("%d bounds in the text, %d in JSON", len(lines), len(values.Bounds))
	}
	for _, l := range lines {
		v := values.Bounds[l[1]]
		if want := []string{fmt.Sprintf("%.4g", v.Median), fmt.Sprintf("%.4g", v.Max)}; !slices.Equal(l[2:], want) {
			t.Errorf("%s: median and maximum are %v in the text, %v in JSON", l[1], l[2:], want)
		}
	}
}

// TestCurvatureGolden runs the verb on the golden networks, once with whole
// matrices and once with Lanczos alone.
func TestCurvatureGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"small", "deep"} {
		for _, exact := range []string{"4000", "0"} {
			t.Run(name+" exact="+exact, func(t *testing.T) {
				var g goldenNetwork
				readTestdata(t, "curvature_"+name+".json", &g)
				dir := t.TempDir()
				args := append([]string{"curvature", "--json", "-q", "--exact", exact, "--store", filepath.Join(dir, "store"),
					"--per-object", "all", "--increments", "all", "--bounds", "--top", "10", "--bottom", "8"}, g.write(t, dir)...)
				var stdout, stderr bytes.Buffer
				a := newApp(&stdout, &stderr, func(string) string { return "" })
				if code := run(context.Background(), a, args); code != exitDone {
					t.Fatalf("exit code %d\n%s", code, stderr.String())
				}
				compareGolden(t, name, g, stdout.Bytes())
			})
		}
	}
}

func compareGolden(t *testing.T, name string, g goldenNetwork, text []byte) {
	type value struct{ Value, Residual, Error float64 }
	type part struct {
		Norm, Trace float64
		Frobenius   *float64
		Top, Bottom []value
		Converged   bool
		Missed      float64
	}
	var got struct {
		Objects, Parameters, Layers int
		Loss                        float64
		GradientNorm                float64 `json:"gradient_norm"`
		Hessian                     part
		GaussNewton                 part `json:"gauss_newton"`
		HTerm                       part `json:"h_term"`
		PerObject                   struct {
			Loss        []float64
			GaussNewton []float64 `json:"gauss_newton_norm"`
			Hessian     []float64 `json:"hessian_norm"`
			Least       []float64 `json:"hessian_min"`
			Largest     float64   `json:"largest_hessian_norm"`
			NextBound   float64   `json:"next_bound"`
			Proven      bool      `json:"maximum_proven"`
			Bounds      map[string][]float64
		} `json:"per_object"`
		Increments struct {
			K       []int
			Hessian []float64 `json:"hessian_norm"`
			Loss    []float64 `json:"abs_loss"`

			Residual []float64
			Others   [][]struct {
				Object   int
				Norm     float64 `json:"hessian_norm"`
				Residual float64
			}
			Median []*float64 `json:"others_median"`
			Max    []*float64 `json:"others_max"`
		}
		Bounds     map[string]map[string]float64
		BoundsOver string `json:"bounds_over"`
		Network    struct {
			Activation, Loss string
			Biased           []bool
			Linear           bool `json:"piecewise_linear"`
			Widths           []int
			Layers, Skipped  []string
			Smoothing        float64 `json:"label_smoothing"`
			Accuracy         float64
			Transposed       bool
			NotApplicable    []string `json:"not_applicable"`
			Fisher           bool     `json:"fisher_is_gauss_newton"`
		}
		WeightDecay    float64   `json:"weight_decay"`
		GradientCosine []float64 `json:"gradient_cosine"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Objects != len(g.Labels) || got.Parameters != len(g.Gradient) || got.Layers != len(g.Weights) {
		t.Errorf("%d objects, %d parameters, %d layers", got.Objects, got.Parameters, got.Layers)
	}
	if n := got.Network; n.Activation != "relu" || n.Loss != "cross_entropy" || slices.Contains(n.Biased, true) || !n.Fisher || len(n.NotApplicable) > 0 || len(got.GradientCosine) != 10 {
		t.Errorf("network %+v, %d cosines", n, len(got.GradientCosine))
	}
	square := 0.0
	for _, x := range g.Gradient {
		square += x * x
	}
	near(t, "loss, gradient norm", []float64{got.Loss, got.GradientNorm}, []float64{g.MeanLoss, math.Sqrt(square)}, 1e-12)
	near(t, "traces", []float64{got.Hessian.Trace, got.GaussNewton.Trace}, []float64{g.Trace, g.Trace}, 1e-12)
	for _, p := range []struct {
		name   string
		got    part
		values []float64 // ascending
	}{{"H", got.Hessian, g.HessianValues}, {"G", got.GaussNewton, g.GGNValues}} {
		slices.Sort(p.values)
		n := len(p.values)
		norm := max(math.Abs(p.values[0]), math.Abs(p.values[n-1]))
		near(t, "norm of "+p.name, []float64{p.got.Norm}, []float64{norm}, 1e-9)
		if !p.got.Converged || p.got.Missed > 1e-9 {
			t.Errorf("%s: converged is %v, the chance that a value is missing %v", p.name, p.got.Converged, p.got.Missed)
		}
		if len(p.got.Top) != 10 || len(p.got.Bottom) != 8 {
			t.Fatalf("%s: %d top and %d bottom eigenvalues, want 10 and 8", p.name, len(p.got.Top), len(p.got.Bottom))
		}
		for i, v := range append(slices.Clone(p.got.Top), p.got.Bottom...) {
			want := p.values[n-1-min(i, 10)]
			if i >= 10 {
				want = p.values[i-10]
			}
			if !(math.Abs(v.Value-want) <= max(1e-9*math.Abs(want), 1e-12*norm)) || !(math.Abs(v.Value-want) <= v.Residual+1e-12*norm) {
				t.Errorf("%s: eigenvalue %d is %v ± %g, want %v", p.name, i, v.Value, v.Residual, want)
			}
		}
	}
	if got.HTerm.Trace != 0 || len(got.HTerm.Top) != 10 || len(got.HTerm.Bottom) != 8 {
		t.Errorf("H-term: trace %v, %d top, %d bottom", got.HTerm.Trace, len(got.HTerm.Top), len(got.HTerm.Bottom))
	}
	o := got.PerObject
	near(t, "losses", o.Loss, g.Losses, 1e-9)
	near(t, "‖G_i‖", o.GaussNewton, g.ObjectGGNNorm, 1e-9)
	near(t, "‖H_i‖", o.Hessian, g.ObjectNorm, 1e-9)
	for i, least := range o.Least {
		if least > 0 || -least > o.Hessian[i] {
			t.Errorf("object %d: λ_min %v, norm %v", i, least, o.Hessian[i])
		}
	}
	near(t, "largest ‖H_i‖", []float64{o.Largest}, []float64{slices.Max(g.ObjectNorm)}, 1e-9)
	if !o.Proven || o.NextBound != 0 {
		t.Errorf("each ‖H_i‖ was computed, but the maximum is proven: %v, next bound %v", o.Proven, o.NextBound)
	}
	for i, others := range got.Increments.Others {
		if want := min(3, len(g.Labels)-i-2); len(others) != want || (got.Increments.Max[i] == nil) != (want == 0) {
			t.Errorf("k = %d: %d other objects, want %d; largest %v", i+1, len(others), want, got.Increments.Max[i])
		}
	}
	near(t, "increments of H", got.Increments.Hessian, g.IncrementNorm, 1e-9)
	near(t, "increments of the loss", got.Increments.Loss, g.AbsLossIncrement, 1e-9)
	for i, k := range got.Increments.K {
		if k != i+1 {
			t.Errorf("increment %d is at k = %d", i, k)
		}
	}
	var bounds struct {
		PerObject map[string][]float64 `json:"per_object"`
	}
	readTestdata(t, "bounds_"+name+".json", &bounds)
	delete(bounds.PerObject, "loss")
	if len(got.Bounds) != len(bounds.PerObject) || len(o.Bounds) != len(bounds.PerObject) {
		t.Errorf("%d bounds, %d per object, want %d", len(got.Bounds), len(o.Bounds), len(bounds.PerObject))
	}
	for bound, want := range bounds.PerObject {
		near(t, bound, o.Bounds[bound], want, 1e-9)
		near(t, bound+": ends", []float64{got.Bounds[bound]["min"], got.Bounds[bound]["max"]}, []float64{slices.Min(want), slices.Max(want)}, 1e-9)
	}
}
