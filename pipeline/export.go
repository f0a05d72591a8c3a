package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/files"
)

// Lost is an output that a record promises and the store cannot give.
type Lost struct {
	Stage  *Stage
	Output string
	Digest Digest
	Err    error // wraps [cas.ErrNotFound], or is a *[cas.DamagedError]
}

// Export copies the exported outputs of the needed stages that are up to date
// below dir. A file that has the right content already is not touched, so
// the copies keep their times; another is replaced at once, never partly. It
// returns the slash-separated paths of the files that it wrote, in the order
// of the graph.
//
// It never runs a stage. Outputs that the store has lost are returned, and
// the plan is to rebuild them: after another [Plan.Run] they can be exported.
func (p *Plan) Export(ctx context.Context, dir string) (written []string, lost []Lost, err error) {
	defer p.assign()
	for i, s := range p.graph.stages {
		if len(s.exports) == 0 || !p.needed[i] || p.state[i] != StateCached {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.exports)) {
			if err := ctx.Err(); err != nil {
				return written, lost, err
			}
			file := s.exports[name]
			path := filepath.Join(dir, filepath.FromSlash(file))
			out := p.outputs(int32(i))[s.output(name)]
			if same, err := hasContent(path, out); err != nil {
				return written, lost, fmt.Errorf("exporting %s: %w", file, err)
			} else if same {
				continue
			}
			data, err := p.store.Get(ctx, out.digest)
			if isLost(err) {
				lost = append(lost, Lost{s, name, out.digest, err})
				p.lost[out.digest] = err
				continue
			}
			if err == nil {
				err = files.Replace(path, data)
			}
			if err != nil {
				return written, lost, fmt.Errorf("exporting %s: %w", file, err)
			}
			written = append(written, file)
		}
	}
	return written, lost, nil
}

// hasContent reports whether a regular file has this content. It compares the
// size first. It does not trust the file's times: an edit of the same size
// within the resolution of the clock would stay unseen.
func hasContent(path string, want output) (bool, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular() || info.Size() != want.size:
		return false, nil
	}
	f, err := files.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, err
	}
	return Digest(h.Sum(nil)) == want.digest, nil
}
