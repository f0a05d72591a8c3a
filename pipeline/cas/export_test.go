package cas

// WithRetainLimit sets how many bytes of segments stay in memory.
func WithRetainLimit(bytes int64) Option { return func(d *Store) { d.retainLimit = bytes } }

// WithHashMask sets which bits of the hashes in the index are used.
func WithHashMask(mask uint32) Option { return func(d *Store) { d.hashMask = mask } }

// WithMergeAt sets how many segments are merged on the first write.
func WithMergeAt(segments int) Option { return func(d *Store) { d.mergeAt = segments } }

// WithParallel sets how many files are written at the same time.
func WithParallel(n int) Option { return func(d *Store) { d.parallel = n } }

// FormatText is the content of the file format.
func FormatText(version int) string { return formatText(version) }
