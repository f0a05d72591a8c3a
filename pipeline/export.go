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

// Export copies the exported outputs of the needed stages that are up to date
// below dir. A file that has the right content already is not touched, so
// the copies keep their times; another is replaced at once, never partly. It
// returns the slash-separated paths of the files it wrote, in the order of
// the graph.
//
// If the store has lost an output, its stage runs again with the options of
// the last [Plan.Run].
func (p *Plan) Export(ctx context.Context, dir string) (written []string, err error) {
	lost := make(map[int32][]lostOutput)
	written, err = p.export(ctx, dir, func(s *Stage, l lostOutput) error {
		lost[s.index] = append(lost[s.index], l)
		return nil
	})
	if err != nil || len(lost) == 0 {
		return written, err
	}
	for i, l := range lost {
		p.lose(i, l)
	}
	if _, err := p.Run(ctx, p.last); err != nil {
		return written, err
	}
	again, err := p.export(ctx, dir, func(s *Stage, l lostOutput) error {
		return fmt.Errorf("exporting output %s of stage %s: %w", s.kind.outputs[l.output], s.name, l.err)
	})
	return append(written, again...), err
}

func (p *Plan) export(ctx context.Context, dir string, missing func(*Stage, lostOutput) error) (written []string, err error) {
	for i, s := range p.graph.stages {
		if len(s.exports) == 0 || !p.needed[i] || p.state[i] != StateCached {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.exports)) {
			if err := ctx.Err(); err != nil {
				return written, err
			}
			file := s.exports[name]
			path := filepath.Join(dir, filepath.FromSlash(file))
			index := s.output(name)
			out := p.outputs(int32(i))[index]
			if same, err := hasContent(path, out); err != nil {
				return written, fmt.Errorf("exporting %s: %w", file, err)
			} else if same {
				continue
			}
			data, err := p.store.Get(ctx, out.digest)
			if isLost(err) {
				err = missing(s, lostOutput{index, out.digest, err})
				if err == nil {
					continue
				}
			}
			if err == nil {
				err = files.Replace(path, data)
			}
			if err != nil {
				return written, fmt.Errorf("exporting %s: %w", file, err)
			}
			written = append(written, file)
		}
	}
	return written, nil
}

// hasContent reports whether a regular file has this content. Its size is
// compared first. Its times are not trusted: an edit of the same size within
// the resolution of the clock would stay unseen.
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
