package artifact

import "fmt"

// LossStatistics describes the losses of one network on a set of objects.
type LossStatistics struct {
	// Objects is how many objects the numbers below are taken over.
	Objects int `json:"objects"`
	// Mean is the mean cross-entropy, in nats.
	Mean float64 `json:"mean"`
	// Std is the sample standard deviation (divisor n−1); 0 for one object.
	Std float64 `json:"std"`
	// MAD is the mean absolute deviation from the mean, mean |ℓ_i − mean ℓ|.
	// It alone decides the paper's curve: E|L_{k+1} − L_k| ≈ MAD/(k+1).
	MAD float64 `json:"mad"`
	// Max is the largest loss.
	Max float64 `json:"max"`
	// Accuracy is the share of objects whose label has the largest logit;
	// among equal logits the lowest class counts as the answer.
	Accuracy float64 `json:"accuracy"`
	// DeadFraction is the share of objects for which some hidden layer is
	// all zero, so that the logits are 0 and the loss is ln(classes).
	DeadFraction float64 `json:"dead_fraction"`
}

func (s LossStatistics) validate(name string) error {
	if s.Objects < 1 {
		return fmt.Errorf("%s.objects is %d: want at least 1", name, s.Objects)
	}
	numbers := []number{
		{name + ".mean", s.Mean},
		{name + ".std", s.Std},
		{name + ".mad", s.MAD},
		{name + ".max", s.Max},
		{name + ".accuracy", s.Accuracy},
		{name + ".dead_fraction", s.DeadFraction},
	}
	if err := checkFinite(numbers...); err != nil {
		return err
	}
	if err := checkNotNegative(numbers...); err != nil {
		return err
	}
	return checkFraction(numbers[4:]...)
}

// LossSummary is the output "summary" of the stage losses.
type LossSummary struct {
	// Sample is over the objects that the network was trained on: the first
	// k of the data set.
	Sample LossStatistics `json:"sample"`
	// All is over the whole data set, the training sample included.
	All LossStatistics `json:"all"`
}

// Validate reports the first number that is missing or impossible.
func (s LossSummary) Validate() error {
	if err := s.Sample.validate("sample"); err != nil {
		return err
	}
	if err := s.All.validate("all"); err != nil {
		return err
	}
	if s.Sample.Objects > s.All.Objects {
		return fmt.Errorf("sample.objects is %d, more than all.objects, %d", s.Sample.Objects, s.All.Objects)
	}
	return nil
}
