package cas

// FormatVersion is the version of the layout on disk.
const FormatVersion = formatVersion

// SegmentReach is how far a reader looks into a segment.
const SegmentReach = segmentReach

// WithRetainLimit sets how many bytes of segments stay in memory.
func WithRetainLimit(bytes int64) Option { return func(s *Store) { s.retainLimit = bytes } }

// WithMergeAt sets how many closed segments a writer leaves alone.
func WithMergeAt(segments int) Option { return func(s *Store) { s.mergeAt = segments } }

// WithSegmentLimit sets how long a segment may become.
func WithSegmentLimit(bytes int64) Option { return func(s *Store) { s.limit = bytes } }

// WithParallel sets how many files are written at the same time.
func WithParallel(n int) Option { return func(s *Store) { s.parallel = n } }

// FormatText is the content of the file format.
func FormatText(version int) string { return formatText(version) }

// ObjectPath returns where the file of an object lies, or would lie.
func (s *Store) ObjectPath(o Digest) string { return s.objectPath(o) }

// Dir returns the folder of the store.
func (s *Store) Dir() string { return s.dir }

// Decode returns the content of a frame.
func Decode(o Digest, frame []byte) ([]byte, error) { return decode(o, frame) }

// ScanFrames returns how many sound frames data holds, how many bytes are done
// with, and how many went into checksums.
func ScanFrames(seq uint64, data []byte) (found, done int, summed int64) {
	before := checksum
	defer func() { checksum = before }()
	checksum = func(begin uint32, data []byte) uint32 {
		summed += int64(len(data))
		return before(begin, data)
	}
	done = scanFrames(seq, 0, data, func(frame) { found++ }, func(int64, int64) {})
	return found, done, summed
}
