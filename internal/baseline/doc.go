// Package baseline compares the results of a run with those that are expected of
// it (digests with lock.json, tables with expected/, curves with the paper's), and
// two runs with each other. It reads and returns values, and prints nothing.
package baseline
