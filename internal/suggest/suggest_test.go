package suggest_test

import (
	"strings"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/suggest"
)

func TestNearest(t *testing.T) {
	known := []string{"epochs", "batch_size", "learning_rate", "hidden_size", "num_layers", "at_num_layers", "k"}
	tests := map[string]string{
		"epoch": "epochs", "epocs": "epochs", "batchsize": "batch_size", "Learning-Rate": "learning_rate",
		"learningrat": "learning_rate", "layers": "num_layers", "momentum": "", "x": "k", "": "k",
		"hiden_sizes": "hidden_size", strings.Repeat("epochs", 20): "",
	}
	for name, want := range tests {
		if got := suggest.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
