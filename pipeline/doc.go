// Package pipeline runs a graph of pure functions and remembers their
// results.
//
// # What it is for
//
// A computation of many steps is run again and again while it is worked on:
// a parameter changes, a line of code, an input. Most results stay what they
// were, and making them again wastes hours. This package finds out what has
// to be run and runs that, on all cores, safely beside other processes that
// do the same. It knows nothing of what the steps compute.
//
// # The parts
//
// A [Kind] is a function from a struct of params and some inputs to some
// outputs, all of them bytes. A [Stage] is a kind with values for the params
// and with inputs that are outputs of other stages; a [Graph] is a set of
// stages, built with [Add] in an order in which each comes after those that
// it reads.
//
// [NewPlan] compares a graph with a [cas.Store] and says of each stage
// whether its result is there, will be made, or depends on one that will be
// made; it changes nothing. [Plan.Run] does what the plan says. While it runs
// it tells what happens by an [Event] at a time. [Plan.Export] copies results
// out of the store.
//
// # Identity
//
// There are two ids, and they are never mixed. A [Digest] identifies content:
// it is the SHA-256 of the bytes. A [Key] identifies an action: it is the
// SHA-256 of a manifest, which lists all that the action may depend on,
// namely its kind, the hash of its code ([codehash.Hash]), its params, and the name
// and digest of each input. The name of a stage and where an input comes from
// are not part of it, so stages that do the same are run once.
//
// A stage can read nothing that is not in its key: the params it receives are
// decoded from the manifest, and the inputs are verified against their
// digests. Since inputs enter by content, a stage that is run again and makes
// the same bytes stops the rerun there.
//
// The host, the toolchain and the time are no part of a key. They are kept as
// provenance ([Record], [Run]). A kind whose bits do depend on the machine
// says so with Portable, and then the architecture and the Go version enter.
//
// # What a run guarantees
//
// An action is finished once its outputs and its record are durable; only
// then is it reported and its lock freed. Finished actions are written in
// groups, and the same process goes on with their outputs from memory in the
// meantime. A run that is interrupted at any moment loses nothing that was
// finished, and the next run goes on from there. Where all is up to date, a
// run writes nothing.
//
// Actions are run under a lock of their key. If another process holds it,
// other work goes first, and once the lock is free the result is looked up
// again: of several runs on one store, one executes each action.
//
// An input that is missing or damaged in the store is not a failure: a further
// pass over the graph rebuilds it, with its own inputs if those are lost too.
// A stage that was interrupted goes on from its finished parts ([Task]). An
// action that makes other bytes than before is not a function of its key; the
// first result stays, the second is kept as evidence and reported
// ([Divergence]). Only where the first is lost does the second replace it, and
// then all that follows is brought in line.
//
// A failure of a stage, be it an error or a panic, is a [StageError]. What
// failed for want of a disk is not: then nothing counts that was not reported
// as finished.
//
// # Why did it run?
//
// Manifests are stored with the records, so [Plan.Explain] can put the key
// of a stage beside the one with which it last ran, field by field. What a
// stage says while it runs is kept too ([Plan.Logs]), as are the digests that
// are expected of a result, in a file for version control ([Lockfile]).
package pipeline
