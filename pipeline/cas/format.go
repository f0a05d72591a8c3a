package cas

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"slices"
)

// formatVersion is the version of the layout on disk that this package reads
// and writes.
const formatVersion = 2

// formatText is the content of the file format. Every later version keeps
// the shape of these two lines, so that an older binary can tell a newer
// store from a damaged file.
func formatText(version int) string {
	first := fmt.Sprintf("landscape-pipe store, format %d\n", version)
	return first + fmt.Sprintf("crc32c %08x\n", crc32.Checksum([]byte(first), castagnoli))
}

// checkFormat reads the file format. A folder that is missing, empty, or holds
// nothing but the folders of a store is one without the file: it was lost, or
// a creation was interrupted. fresh says so, and the first write writes the
// file. checkFormat writes nothing.
func checkFormat(fsys FS, dir string) (fresh bool, err error) {
	found, err := readFormat(fsys, dir)
	if found || err != nil {
		return false, err
	}
	reason, err := notFresh(fsys, dir)
	if err != nil || reason == nil {
		return err == nil, err
	}
	// Another process may have made the store between the two looks.
	if found, err := readFormat(fsys, dir); found || err != nil {
		return false, err
	}
	return false, reason
}

func readFormat(fsys FS, dir string) (found bool, err error) {
	text, err := readAll(fsys, filepath.Join(dir, "format"), smallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &StoreError{Dir: dir, Op: "open", Err: err}
	}
	var version int
	if _, err := fmt.Sscanf(string(text), "landscape-pipe store, format %d\n", &version); err != nil || version < 1 || formatText(version) != string(text) {
		return false, &FormatError{Dir: dir, Want: formatVersion,
			Reason: fmt.Sprintf("its file format is damaged; if the folder is a store of format %d, remove the file, which the next run writes again, otherwise use another folder", formatVersion)}
	}
	if version != formatVersion {
		return false, &FormatError{Dir: dir, Have: version, Want: formatVersion}
	}
	return true, nil
}

// notFresh returns why a folder without the file format cannot become a
// store, or nil.
func notFresh(fsys FS, dir string) (*FormatError, error) {
	names, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &StoreError{Dir: dir, Op: "open", Err: err}
	}
	for _, name := range names {
		switch {
		case name == "lock" || slices.Contains(topFolders, name):
		case name == "damaged" && slices.Contains(names, "tables"):
			return &FormatError{Dir: dir, Have: 1, Want: formatVersion}, nil
		default:
			return &FormatError{Dir: dir, Want: formatVersion,
				Reason: fmt.Sprintf("it holds %q but no file format, so it is not a store; use an empty folder", name)}, nil
		}
	}
	return nil, nil
}

// topFolders are the folders of a store, in the order of their creation.
var topFolders = []string{"tmp", "objects", "tables", "locks", "quarantine"}

// prepare makes what a writer needs and makes durable that it is there. The
// file format comes last: where it is, the folders are, and those above them
// are durable. Several processes may do this at the same time.
func (s *Store) prepare() error {
	fresh, err := checkFormat(s.fs, s.dir)
	if err != nil {
		return err
	}
	if fresh {
		if err := makeFolders(s.fs, s.dir); err != nil {
			return err
		}
	}
	for _, name := range topFolders {
		if err := s.makeFolder(s.path(name)); err != nil {
			return err
		}
	}
	if fresh {
		temporary, err := s.writeTemporary([]byte(formatText(formatVersion)), true)
		if err != nil {
			return err
		}
		err = s.fs.SyncDir(s.dir)
		if err == nil {
			err = s.fs.Rename(temporary, s.path("format"))
		}
		if err != nil {
			s.fs.Remove(temporary)
			return err
		}
	}
	return s.fs.SyncDir(s.dir)
}

// makeFolder makes a folder of the store, which may exist.
func (s *Store) makeFolder(path string) error {
	err := s.fs.Mkdir(path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.fs.Share(path, s.dir)
}
