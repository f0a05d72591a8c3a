package stages

// Data is the table [data].
type Data struct {
	Objects int `json:"objects"` // N, the first objects of each data set
}

func defaultData() Data { return Data{Objects: 10000} }

func (t *Data) fields() []field {
	return []field{
		integerField("objects", "The first objects of each data set; nothing beyond them is read. The losses of a network are those of all of them.", &t.Objects, 2, 60000),
	}
}

// Train is the table [train]: the paper's recipe, Adam on the mean
// cross-entropy of batches in a new random order each epoch.
type Train struct {
	Epochs       int     `json:"epochs"`
	BatchSize    int     `json:"batch_size"`
	LearningRate float64 `json:"learning_rate"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	Epsilon      float64 `json:"epsilon"`
}

func defaultTrain() Train {
	return Train{Epochs: 10, BatchSize: 64, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
}

func (t *Train) fields() []field {
	return []field{
		integerField("epochs", "Passes over the training sample.", &t.Epochs, 1, 10000),
		integerField("batch_size", "Objects per step of Adam. The last batch of an epoch holds what is left.", &t.BatchSize, 1, 60000),
		floatField("learning_rate", "Step size of Adam.", &t.LearningRate, interval{0, 10, true, false}),
		floatField("beta1", "Decay of Adam's mean of the gradients.", &t.Beta1, interval{0, 1, false, true}),
		floatField("beta2", "Decay of Adam's mean of the squared gradients.", &t.Beta2, interval{0, 1, false, true}),
		// A smaller epsilon is 0 in float32 and divides 0 by 0.
		floatField("epsilon", "What Adam adds to the root in its denominator.", &t.Epsilon, interval{1e-45, 1, false, false}),
	}
}

// Differences is the table [differences]: the curve |L_{k+1} − L_k|.
type Differences struct {
	Permutations int     `json:"permutations"`
	EMA          float64 `json:"ema"`
	Seed         int64   `json:"seed"`
}

func defaultDifferences() Differences { return Differences{Permutations: 100, EMA: 0.99, Seed: 0} }

func (t *Differences) fields() []field {
	return []field{
		integerField("permutations", "Random orders of the losses over which |L_{k+1} - L_k| is averaged.", &t.Permutations, 1, 10000),
		floatField("ema", "Factor of the exponential moving average of the paper's figures, which starts at the first value. 0 smooths nothing.", &t.EMA, interval{0, 1, false, true}),
		integerField("seed", "Seed of the orders, the same for every network.", &t.Seed, 0, maxSeed),
	}
}

// Figures is the table [figures]: how figures look. It enters no other stage.
type Figures struct {
	WidthCM   float64 `json:"width_cm"`
	HeightCM  float64 `json:"height_cm"`
	Published bool    `json:"published"`
}

func defaultFigures() Figures { return Figures{WidthCM: 12, HeightCM: 9, Published: true} }

func (t *Figures) fields() []field {
	return []field{
		floatField("width_cm", "Width of a figure in centimetres.", &t.WidthCM, interval{9, 100, false, false}),
		floatField("height_cm", "Height of a figure in centimetres.", &t.HeightCM, interval{8, 100, false, false}),
		booleanField("published", "Whether the paper's published curves are drawn faintly behind ours.", &t.Published),
	}
}

const maxSeed = 1<<63 - 1
