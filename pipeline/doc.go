// Package pipeline runs a graph of pure functions and remembers their
// results.
//
// # Purpose
//
// A computation of many steps is run again and again while it is worked on:
// a parameter changes, a line of code, an input. Most results stay what they
// were, and computing them again wastes hours. This package finds out what
// has to run and runs it, on all cores, safely beside other processes that do
// the same. It knows nothing of what the steps compute.
//
// # Concepts
//
// A [Kind] is a function from a struct of params and some inputs to some
// outputs, all of which are bytes. A [Stage] is a kind with values for the
// params and with inputs that are outputs of other stages. A [Graph] is a set
// of stages, built with [Add]: a stage is added after the stages that it
// reads.
//
// [NewPlan] compares a graph with a [cas.Store] and says for each stage
// whether its result is in the store, will be computed, or depends on one that
// will be computed; it changes nothing. [Plan.Run] does what the plan says,
// and reports each [Event] while it runs. [Plan.Export] copies results out of
// the store.
//
// # Identity
//
// There are two ids, and they are never mixed. A [Digest] identifies content:
// it is the SHA-256 of the bytes. A [Key] identifies an action: it is the
// SHA-256 of a manifest, which lists all that the action may depend on: its
// kind, the hash of its code ([codehash.Hash]), its params, and the name and
// digest of each input. The name of a stage and where an input comes from are
// not part of it, so stages that do the same run once.
//
// A stage can read nothing that is not in its key: the params that it receives
// are decoded from the manifest, and the inputs are verified against their
// digests. Since inputs enter by content, a stage that runs again and makes
// the same bytes stops the rerun there.
//
// The host, the toolchain and the time are not part of a key. They are kept as
// provenance ([Record], [Run]). A kind whose bits depend on the machine is not
// Portable; then the architecture and the Go version enter its keys.
//
// # What a run guarantees
//
// An action is finished once its outputs and its record are durable; only
// then is it reported and its lock released. Finished actions are written in
// groups; meanwhile the same process reads their outputs from memory. A run
// that is interrupted at any moment loses nothing that was finished, and the
// next run continues from there. If everything is up to date, a run writes
// nothing.
//
// Actions run under a lock of their key. If another process holds it, other
// work goes first, and once the lock is free the result is looked up again: of
// several runs on one store, one executes each action.
//
// An input that is missing or damaged in the store is not a failure: a further
// pass over the graph rebuilds it, with its own inputs if those are lost too.
// A stage that was interrupted continues from its finished parts ([Task]). An
// action that makes other bytes than before is not a function of its key: the
// first result stays, and the second is kept as evidence and reported
// ([Divergence]). Only if the first result is lost does the second replace it;
// then all downstream stages are brought in line.
//
// The failure of a stage, an error or a panic, is a [StageError]. A failure of
// the store is not: then nothing counts that was not reported as finished.
//
// # Why did it run?
//
// Manifests are stored with the records, so [Plan.Explain] can compare the key
// of a stage with the key with which it last ran, field by field. What a stage
// logs is kept too ([Plan.Logs]). The digests that results are expected to
// have are in a file for version control ([Lockfile]).
package pipeline
