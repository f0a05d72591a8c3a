package published

import (
	"math"
	"strings"
	"testing"
)

func TestAllPanelsAreThere(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 79 {
		t.Errorf("%d curves, want 79", len(all))
	}
	var missing []Name
	for _, mode := range []string{Direct, Extraction} {
		for _, dataset := range []string{"mnist", "fashion_mnist", "cifar10", "cifar100"} {
			for _, h := range []int{4, 8, 16, 32, 64} {
				missing = append(missing, without(t, Name{mode, dataset, HiddenSize, h, 5})...)
			}
			for _, l := range []int{1, 3, 5, 7, 10} {
				missing = append(missing, without(t, Name{mode, dataset, NumLayers, 16, l})...)
			}
		}
	}
	if len(missing) != 1 || missing[0] != (Name{Extraction, "cifar100", HiddenSize, 4, 5}) {
		t.Errorf("missing %v, want the collapsed CIFAR-100 features h = 4 only", missing)
	}
}

// without returns name if there is no such curve and checks the curve if there is.
func without(t *testing.T, name Name) []Name {
	t.Helper()
	c, ok, err := Published(name)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return []Name{name}
	}
	if c.Name != name {
		t.Errorf("asked for %+v, got %+v", name, c.Name)
	}
	if len(c.K) != 107 || len(c.EMA) != 107 || c.K[0] != 1 || c.K[106] != SampleSize-1 {
		t.Errorf("%+v: %d points over %d sample sizes from %d to %d", name, len(c.EMA), len(c.K), c.K[0], c.K[len(c.K)-1])
	}
	return nil
}

// The MAD of a published curve is (k+1) times its value, divided by the
// inflation of the moving average; paper.md of the design lists them.
func TestMADOfPublishedCurves(t *testing.T) {
	for _, c := range []struct {
		name Name
		mad  float64
	}{
		{Name{Direct, "mnist", HiddenSize, 4, 5}, .467},
		{Name{Direct, "mnist", HiddenSize, 64, 5}, .270},
		{Name{Direct, "mnist", NumLayers, 16, 7}, .828},
		{Name{Direct, "cifar100", HiddenSize, 64, 5}, 1.028},
		{Name{Extraction, "cifar10", HiddenSize, 64, 5}, .028},
	} {
		curve, ok, err := Published(c.name)
		if err != nil || !ok {
			t.Fatalf("%+v: %v, %v", c.name, ok, err)
		}
		got := curve.EMA[106] * SampleSize / 1.01
		if math.Abs(got/c.mad-1) > 0.03 {
			t.Errorf("%+v: MAD %.4f, want about %.3f", c.name, got, c.mad)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	head := "mode,dataset,figure,hidden_size,num_layers,1,2\n"
	for name, text := range map[string]string{
		"empty":       "",
		"header":      "mode,dataset,figure,num_layers,hidden_size,1,2\n",
		"order of k":  strings.Replace(head, "1,2", "2,1", 1),
		"few cells":   head + "direct,mnist,hidden_size,4,5,0.2\n",
		"zero":        head + "direct,mnist,hidden_size,4,5,0.2,0\n",
		"not numbers": head + "direct,mnist,hidden_size,four,5,0.2,0.1\n",
		"NaN":         head + "direct,mnist,hidden_size,4,5,NaN,0.1\n",
		"twice":       head + strings.Repeat("direct,mnist,hidden_size,4,5,0.2,0.1\n", 2),
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
