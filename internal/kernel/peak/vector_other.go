//go:build noasm || !amd64

package peak

const vector = false

func peak32(rounds int) {}

func peak64(rounds int) {}
