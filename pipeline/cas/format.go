package cas

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"slices"
)

// FormatVersion is the version of the layout on disk that this package
// writes, and the newest that it reads.
const FormatVersion = 1

// formatText is the content of the file format. Every later version keeps
// the shape of these two lines, so that an older binary can tell a newer
// store from a damaged file.
func formatText(version int) string {
	first := fmt.Sprintf("landscape-pipe store, format %d\n", version)
	return first + fmt.Sprintf("crc32c %08x\n", crc32.Checksum([]byte(first), castagnoli))
}

// checkFormat reads the file format. A folder that is missing, empty or left
// from a creation that was interrupted is a store without content; fresh
// says so. It writes nothing.
func checkFormat(fsys FS, dir string) (fresh bool, err error) {
	found, err := readFormat(fsys, dir)
	if found || err != nil {
		return false, err
	}
	reason, err := notFresh(fsys, dir)
	if err != nil || reason == "" {
		return true, err
	}
	// Another process may have made the store between the two looks.
	if found, err := readFormat(fsys, dir); found || err != nil {
		return false, err
	}
	return false, &FormatError{Dir: dir, Want: FormatVersion, Reason: reason}
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
		return false, &FormatError{Dir: dir, Want: FormatVersion,
			Reason: fmt.Sprintf("its file format is damaged; if the folder is a store of format %d, make the file hold exactly %q, else use another folder", FormatVersion, formatText(FormatVersion))}
	}
	if version > FormatVersion {
		return false, &FormatError{Dir: dir, Have: version, Want: FormatVersion}
	}
	return true, nil
}

// notFresh returns why a folder without the file format cannot become a
// store, "" if it can.
func notFresh(fsys FS, dir string) (reason string, err error) {
	names, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", &StoreError{Dir: dir, Op: "open", Err: err}
	}
	for _, name := range names {
		if !slices.Contains(topFolders, name) {
			return fmt.Sprintf("it holds %q but no file format, so it is not a store; use an empty folder", name), nil
		}
		if name != "objects" && name != "tables" {
			continue
		}
		inner, err := fsys.ReadDir(filepath.Join(dir, name))
		if err != nil {
			return "", &StoreError{Dir: dir, Op: "open", Err: err}
		}
		if len(inner) > 0 {
			return fmt.Sprintf("its file format is missing; if the folder is a store of format %d, make the file with exactly %q, else use another folder", FormatVersion, formatText(FormatVersion)), nil
		}
	}
	return "", nil
}

// topFolders are the folders of a store, in the order of their creation.
var topFolders = []string{"tmp", "objects", "tables", "locks", "damaged"}

// prepare makes what a writer needs and makes durable that it is there. The
// file format comes last: where it is, the folders are, and those above them
// are durable. Several processes may do this at the same time.
func (d *Store) prepare() error {
	fresh, err := checkFormat(d.fs, d.dir)
	if err != nil {
		return err
	}
	if fresh {
		if err := makeFolders(d.fs, d.dir); err != nil {
			return err
		}
	}
	for _, name := range topFolders {
		if err := d.fs.Mkdir(d.path(name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if fresh {
		temporary, err := d.writeTemporary([]byte(formatText(FormatVersion)), true)
		if err != nil {
			return err
		}
		err = d.fs.SyncDir(d.dir)
		if err == nil {
			err = d.fs.Rename(temporary, d.path("format"))
		}
		if err != nil {
			d.fs.Remove(temporary)
			return err
		}
	}
	return d.fs.SyncDir(d.dir)
}
