package fetch

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// String returns path@version.
func (m Module) String() string { return m.Path + "@" + m.Version }

// module gets files out of a Go module with the user's own go command, which
// knows the user's module proxy and module cache.
type module struct {
	Module
	command string // empty for "go" on PATH
	offline bool

	asked bool // whether place and err hold what the go command said
	place location
	err   error
}

// location is the part of the output of go mod download -json that is used.
type location struct {
	Dir   string // the unpacked module
	Zip   string // the module as downloaded
	Error string
}

func (m *module) String() string { return "Go module " + m.Module.String() }

func (m *module) fetch(ctx context.Context, file File) ([]byte, error) {
	if !m.asked {
		m.place, m.err = m.download(ctx)
		m.asked = true
	}
	if m.err != nil {
		return nil, &unreachableError{m.err}
	}
	name := path.Join(m.Dir, file.Name+".gz")
	var wrong []string
	if m.place.Dir != "" {
		content, err := openFile(filepath.Join(m.place.Dir, filepath.FromSlash(name)), file)
		if err == nil {
			return content, nil
		}
		wrong = append(wrong, fmt.Sprintf("%s in %s: %v", name, m.place.Dir, err))
	}
	// The unpacked files can be edited by anyone; the zip may still be right.
	if m.place.Zip != "" {
		content, err := openZipped(m.place.Zip, m.Module.String()+"/"+name, file)
		if err == nil {
			return content, nil
		}
		wrong = append(wrong, fmt.Sprintf("%s in %s: %v", name, m.place.Zip, err))
	}
	return nil, errors.New(strings.Join(wrong, "; "))
}

// openZipped returns the verified content of a member of a zip archive.
func openZipped(archive, name string, file File) ([]byte, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return nil, bare(err)
	}
	defer z.Close()
	member, err := z.Open(name)
	if err != nil {
		return nil, bare(err)
	}
	defer member.Close()
	limit := file.transferLimit()
	stored, err := io.ReadAll(io.LimitReader(member, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(stored)) > limit {
		return nil, fmt.Errorf("has more than the %d bytes that %s may have", limit, file.Name)
	}
	return file.open(stored)
}

// patienceGo is how long the go command may take, which cannot be asked how
// far it is.
const patienceGo = 10 * time.Minute

// download runs go mod download in an empty folder, so that no go.mod of the
// user's takes part, and returns where the module is.
func (m *module) download(ctx context.Context) (location, error) {
	command := m.command
	if command == "" {
		command = "go"
	}
	command, err := exec.LookPath(command)
	if err != nil {
		return location{}, fmt.Errorf("no go command: %w", err)
	}
	dir, err := os.MkdirTemp("", "landscape-pipe-go-")
	if err != nil {
		return location{}, err
	}
	defer os.RemoveAll(dir)

	ctx, cancel := context.WithTimeoutCause(ctx, patienceGo, fmt.Errorf("the go command took longer than %v", patienceGo))
	defer cancel()
	cmd := exec.CommandContext(ctx, command, "mod", "download", "-json", m.Module.String())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off")
	if m.offline {
		// The checksum database would be the network again; ours decides.
		cmd.Env = append(cmd.Env, "GOPROXY=off", "GOSUMDB=off")
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return location{}, context.Cause(ctx)
	}
	var place location
	jsonErr := json.Unmarshal(stdout.Bytes(), &place)
	switch {
	case jsonErr == nil && place.Error != "":
		return location{}, fmt.Errorf("%s mod download: %s", command, place.Error)
	case runErr != nil:
		return location{}, fmt.Errorf("%s mod download: %w: %s", command, runErr, lastLines(stderr.String()))
	case jsonErr != nil:
		return location{}, fmt.Errorf("%s mod download -json: its output is not understood: %w", command, jsonErr)
	case place.Dir == "" && place.Zip == "":
		return location{}, fmt.Errorf("%s mod download -json: it names neither a folder nor a zip file", command)
	}
	return place, nil
}

// lastLines returns the end of what a program said, on one line.
func lastLines(s string) string {
	const most = 400
	if s = strings.TrimSpace(s); len(s) > most {
		s = "…" + strings.ToValidUTF8(s[len(s)-most:], "")
	}
	return strings.ReplaceAll(s, "\n", "; ")
}
