// Package cas keeps results on disk: objects, which are found by the SHA-256
// of their content, and rows, which are found by a key that the caller
// chooses. It promises that after kill -9 or loss of power at any instant
// what was committed is there, what was not is at worst missing, and nothing
// that is wrong is ever returned.
//
// # Layout on disk
//
//	format                     version of this layout
//	objects/ab/abcd….zst       one object: frame header and zstd frame
//	tables/00000001.rows       a segment: rows that one process appended
//	tmp/                       files that are being written
//	damaged/                   what was set aside, as evidence
//	lock                       held shared by writers, exclusively by gc
//	locks/00 … locks/ff        locks of actions
//
// The file format holds two lines, the second being the checksum of the
// first:
//
//	landscape-pipe store, format 1
//	crc32c fd06ca37
//
// A store with a greater number is refused with a [FormatError] and not
// touched. Opening a store writes nothing; a folder that is missing or empty
// is an empty store, and becomes one on disk at the first write.
//
// # Objects
//
// The name of an object is the SHA-256 of its uncompressed bytes. Compressed
// bytes are no identity, since they change with the release of the
// compressor. The file is a sequence of two zstd frames, so `zstd -d` gives
// exactly the bytes that are named. The first frame is one that decompressors
// skip, and holds, with all numbers little-endian:
//
//	 0  4  50 2a 4d 18   magic number of a skippable frame
//	 4  4  28            number of bytes that follow
//	 8  4  "lsp1"
//	12  8  bytes of content
//	20  8  bytes of the zstd frame behind this header
//	28  4  CRC-32C of the zstd frame
//	32  4  CRC-32C of bytes 0 to 31
//
// The size lets a reader reserve memory once and refuse a frame that holds
// more than it says, or says more than such a frame can hold. The checksums
// keep accidental damage from the decompressor and tell where the damage is.
// Neither replaces the SHA-256, which [Store.Get] compares before anyone sees
// a byte. What does not match is a [DamagedError], which a caller treats like
// a missing object: it makes the object again. The damaged file goes to the
// folder damaged first.
//
// # Rows
//
// Rows lie in segments. A process appends to a segment of its own, which it
// creates with the number after the greatest there is; numbers are never used
// twice, and clocks are never asked. A segment is a sequence of frames:
//
//	 0  3  f1 6c 73   mark
//	 3  1  kind       'h' head, 'r' row, 'e' end of a commit
//	 4  4  n          bytes of the body
//	 8  8  order
//	16  4  CRC-32C of bytes 0 to 15 and the body, begun with
//	       number·9e3779b1 xor offset (of 64 bits, the upper half xor the lower)
//	20  n  body
//
// The body of a row is one byte with the length of the table's name, the
// name, 32 bytes of key, and the value. The body of a head is the byte 1 and
// eight bytes for each segment that this one replaces.
//
// Since number and offset enter the checksum, bytes that came to a place by
// accident are no rows, even if they were rows elsewhere: an old block of the
// disk, or a value that contains a segment. A reader that finds no sound
// frame searches for the next mark with one. So damage costs the rows it lies
// in and no other, and is counted in [Store.Damage] until a merge or [Store.GC]
// writes the sound rows anew and sets the segment aside. Where nothing sound
// follows, the segment ends: there a process died, or is writing at this
// moment.
//
// The order of a row is one more than that of any row its writer could see.
// A commit that began after another had ended is therefore the later one for
// every reader, whatever processes they belong to. The order of commits that
// overlapped is not knowable, but the same for all.
//
// Rows are read when one is first asked for, all at once, into an index that
// takes about thirty bytes a row, and ten more once its table is asked for;
// [Store.Refresh] reads only what was added. The first writer that finds many
// segments and has the store to itself merges the small ones. The merged
// segment says in its head which ones it replaces, so it does not matter when
// exactly these are removed.
//
// # Order of writes
//
// A commit writes its objects to temporaries and syncs each, renames them
// into place, syncs the folders, and only then appends its rows and syncs the
// segment. Commits that arrive meanwhile form the next group and share its
// syncs. So there is never a row whose objects are missing, and when
// [Store.Commit] returns nil the loss of power takes nothing back.
//
// An object that is in place already is compared and not written again. But
// the process that renamed it may not have reached its sync of the folder, so
// the folder is synced for it too. Its content needs no sync: every writer
// syncs that before the rename.
//
// After a sync that failed the group counts as unwritten. The files are not
// synced a second time, because a kernel may then report success for data
// that it has dropped: temporaries are removed, and the segment is given up
// for a new one. Rows of such a group may still be found by a later process,
// like those of a process that died just before its commit returned; their
// objects are then there too.
//
// Files are synced one by one, a few at the same time. One syncfs for the
// whole group was measured as an alternative and is not used: for a batch of
// 1000 small objects on ext4 both take about 0.15 ms an object, while syncfs
// also waits for whatever other programs are writing, and reports their
// errors, or on some kernels none.
//
// # Locks
//
// Locks are flock locks, which the kernel frees when the process dies; what
// the files hold only tells people who has them. A writer takes the shared
// lock of the store at its first write and keeps it until Close; [Store.GC]
// and merges need the exclusive one. Readers take none: what gc removes under
// their hands is a missing object. The lock of an action is one of 256 files,
// chosen by the first byte of the key. Within a process two actions that
// share one do not wait for each other.
//
// # What is safe and what is not
//
// Any number of processes may use a store on a local file system, ext4, XFS,
// Btrfs and APFS among them. On NFS two things become weaker. Locks work
// across machines only where the server and mount offer them (NFSv4, or v3
// with lockd; a mount with nolock has none): without them two machines may
// run the same action at the same time, which costs time and nothing else,
// but gc must then run only while nothing else does. And what one machine has
// committed may become visible to another some seconds later, because the
// client caches the names in a folder, so a lookup that misses may repeat
// work. Objects and rows stay right in both cases: they are checked when they
// are read, files appear by rename only, and no two processes append to one
// file.
//
// A disk that acknowledges a sync without doing it can break every promise
// made here; only [Store.Verify] will tell. So can a program that edits the
// files, for which reason objects are written without the right to write.
package cas
