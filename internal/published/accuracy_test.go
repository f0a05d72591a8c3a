package published

import (
	"slices"
	"strings"
	"testing"
)

// TestAccuracy: both figures of both data sets have the five widths, and values that
// accuracies have.
func TestAccuracy(t *testing.T) {
	for _, dataset := range []string{"mnist", "cifar10"} {
		for _, h := range []int{4, 8, 16, 32, 64} {
			for figure, most := range map[string]float64{AccuracyOverSize: AccuracySampleSize, AccuracyOverDifference: 1} {
				c, ok, err := Accuracy(dataset, figure, h, 3)
				if err != nil || !ok {
					t.Fatalf("%s, %s, h = %d: %v, %v", dataset, figure, h, ok, err)
				}
				if n := len(c.X); n < 20 || len(c.Mean) != n || len(c.Std) != n || !slices.IsSorted(c.X) || c.X[n-1] > most {
					t.Errorf("%s, %s, h = %d: %d points up to %v", dataset, figure, h, n, c.X[n-1])
				}
				if slices.Min(c.Mean) < 0.05 || slices.Max(c.Mean) > 1 || slices.Min(c.Std) <= 0 || slices.Max(c.Std) > 0.5 {
					t.Errorf("%s, %s, h = %d: means %v to %v", dataset, figure, h, slices.Min(c.Mean), slices.Max(c.Mean))
				}
			}
		}
	}
	if _, ok, err := Accuracy("mnist", AccuracyOverSize, 16, 5); ok || err != nil {
		t.Errorf("a curve that was not published: %v, %v", ok, err)
	}
}

func TestParseAccuracyRefuses(t *testing.T) {
	head, row, _ := strings.Cut(accuracyText, "\n")
	row, _, _ = strings.Cut(row, "\n")
	for name, text := range map[string]string{
		"header": "a\n" + row, "cells": head + "\n1,2", "number": head + "\n" + strings.Replace(row, "0.", "x", 1), "order": head + "\n" + row + "\n" + row,
	} {
		if _, err := parseAccuracy(text + "\n"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
