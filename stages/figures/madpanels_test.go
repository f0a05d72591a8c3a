package figures

import (
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
)

// TestMADPanels: each of the paper's eight panels is drawn, with our networks where
// the run has some; those of a stand-in appear under its own name, and only where
// there are none on the data set itself.
func TestMADPanels(t *testing.T) {
	inputs := map[string][]byte{}
	networks := func(dataset string) (list []artifact.Network) {
		for i, v := range [][2]int{{4, 5}, {8, 5}, {16, 5}, {16, 1}, {16, 3}} {
			for seed := range int64(3) {
				n := artifact.Network{Dataset: dataset, Input: "direct", HiddenSize: v[0], NumLayers: v[1], SampleSize: 10000, Seed: seed}
				putLosses(t, inputs, n, 0.1*float64(i)+0.01*float64(seed))
				list = append(list, n)
			}
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		datasets []string
		alone    int // panels with the paper's points alone
		has, not string
	}{
		{"stand-in", []string{"mnist", "cifar100_standin"}, 6, "CIFAR-100 stand-in, direct inputs", "CIFAR-100, direct inputs"},
		{"both", []string{"cifar100", "cifar100_standin"}, 7, "CIFAR-100, direct inputs", "CIFAR-100 stand-in, direct inputs"},
	} {
		p := Params{Figure: "mad_panels", WidthCM: 25, HeightCM: 12, Published: true, AtNumLayers: 5, AtHiddenSize: 16}
		for _, d := range tt.datasets {
			p.Networks = append(p.Networks, networks(d)...)
		}
		page := drawSVG(t, condition{tt.name, p, inputs})
		for _, fault := range page.Faults() {
			t.Errorf("%s: %s", tt.name, fault)
		}
		labels := page.Labels()
		alone := 0
		for _, l := range labels {
			if l == "published points alone: not in this run" {
				alone++
			}
		}
		if alone != tt.alone || !slices.Contains(labels, tt.has) || slices.Contains(labels, tt.not) || !slices.Contains(labels, "CIFAR-100, image features") {
			t.Errorf("%s: %d panels without networks, want %d; %q", tt.name, alone, tt.alone, labels)
		}
	}
}
