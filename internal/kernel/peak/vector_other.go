//go:build noasm || !amd64

package peak

const vector, wide = false, false

func peak32(rounds int) {}

func peak64(rounds int) {}

func peakWide32(rounds int) {}

func peakWide64(rounds int) {}
