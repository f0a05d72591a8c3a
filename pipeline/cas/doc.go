// Package cas keeps results on disk: objects, which are found by the SHA-256
// of their content, and rows, which are found by a key that the caller
// chooses. It promises that after kill -9 or loss of power at any instant
// what was committed is there, what was not is at worst missing, and nothing
// that is wrong is ever returned.
//
// # Nouns
//
// An object is content of any length, named by its [Digest]. On disk it is one
// zstd frame: a large one a file of its own, a small one (at most 2 KiB
// compressed) a frame of a segment.
//
// A row belongs to a [Table] and has a key and a value. Several rows may have
// one key; [Store.Lookup] returns them in the order of their commits.
//
// A segment is a file of rows and small objects that one process appended. A
// process creates its segment when it first writes, begins another at 64 MiB,
// and ends the last with a frame that says so when it closes the store. Each
// frame has checksums that bind it to its place.
//
// A place in a segment without a sound frame is damage: it costs what lay there
// and nothing else, and [Store.Damage] counts it until [Store.GC] copies the
// sound frames and moves the segment to quarantine. There damaged objects go
// too, as evidence.
//
// docs/formats.md describes the files byte by byte.
//
// # Order of writes
//
// A commit writes its large objects to temporaries and syncs each, renames
// them into place and syncs the folders; it appends the small ones to the
// segment and syncs that. Only then it appends its rows and syncs the segment
// again. So there is never a row whose objects are missing, whatever pages the
// loss of power drops, and when [Store.Commit] returns nil it takes nothing
// back.
//
// An object that is in place already is compared and not written again. But
// the process that renamed a file may not have reached its sync of the folder,
// so the folder is synced for it too; the content is durable, since every
// writer syncs it before the rename. A small object counts as present only in
// the segment of this process or in a closed one, which are durable.
//
// After a write or sync that failed, the batch counts as unwritten and the
// store takes no more writes until it is opened again: a kernel may report
// success for the second sync of data that it has dropped. Rows of such a
// batch may still be found by a later process, like those of a process that
// died just before its commit returned; their objects are then present too.
//
// Segments are never truncated and never appended to by another process. When
// more than 16 are closed, the next writer that gets exclusive access copies
// the smaller ones into one. The new segment names those that it replaces, so
// it does not matter when exactly these are removed. GC rewrites all segments
// by the same function, 64 MiB at a time.
//
// # Locks
//
// Locks are flock locks, which the kernel frees when the process dies; the
// text in their files only tells people who holds them. A writer takes the
// shared lock of the store at its first write and keeps it until Close; GC
// needs the exclusive one. Readers take none: what gc removes under their
// hands is a missing object. The lock of an action is one of 256 files, chosen
// by the first byte of the key.
//
// # What is safe and what is not
//
// Any number of processes and users may use a store on a local file system,
// ext4, XFS, Btrfs and APFS among them; files and folders take the permissions
// and the group of the store's folder.
//
// On a network file system two things become weaker. Locks work across
// machines only where server and mount offer them (NFSv4, or v3 with lockd;
// not NFS with nolock, not Lustre with localflock): without them two machines
// may run the same action at the same time, which costs time and nothing else,
// but gc must then run only while nothing else does. And what one machine has
// committed may become visible to another some seconds later, because the
// client caches the names in a folder, so a lookup that misses may repeat
// work. Objects and rows stay right in both cases: they are checked when they
// are read, files appear by rename only, and no two processes append to one
// file.
//
// Files of the store are opened without following links and without waiting,
// and must be regular files: anything else in the place of an object or a
// segment is damage, in the place of a lock or of the file format an error.
//
// A disk that acknowledges a sync without doing it can break every promise
// made here; only [Store.Verify] will tell. So can a program that edits the
// files, for which reason files of objects are written without the right to
// write.
//
// # Room for more
//
// The index knows where each object lies, so another source of objects (a
// read-only store behind this one, a remote) belongs in find, which asks the
// segments, then the files; its rows belong in Lookup. An object that is
// written or read as a stream belongs beside Encode and Get in objects.go.
package cas
