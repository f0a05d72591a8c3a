// Package reliability holds the tests of what the engine and its store promise
// together, each of whole runs and, where it matters, of whole processes: no
// wrong hit, no lost finished result and no manual repair after kill -9, loss
// of power, damage to any file, a full disk, many runs at once, or a clock
// that goes back. It has no code beside its tests.
//
// go test runs all of them in seconds. The soak kills as many processes as it
// is told to:
//
//	go test ./pipeline/reliability -run Kill -kills 500 -v
package reliability
