package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"time"
)

// measured is what a command cost.
type measured struct {
	Seconds float64         `json:"seconds"` // from before its start to after its end
	Peak    int64           `json:"peak"`    // resident memory of its largest process, bytes; never less than this program's
	User    float64         `json:"user"`    // seconds of processor time, with its children
	System  float64         `json:"system"`
	Output  json.RawMessage `json:"output,omitempty"` // its stdout, if that is JSON
}

// measure runs a command whose failure is an error that shows its output.
func measure(args ...string) (measured, error) {
	if len(args) == 0 {
		return measured{}, errors.New("measure needs a command")
	}
	cmd := exec.Command(args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	m := measured{Seconds: time.Since(began).Seconds()}
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	// The field is looked up by its name, since only Unix has it.
	if usage := reflect.Indirect(reflect.ValueOf(cmd.ProcessState.SysUsage())); usage.Kind() == reflect.Struct {
		if peak := usage.FieldByName("Maxrss"); peak.IsValid() {
			m.Peak = peak.Int() << 10
		}
	}
	m.User, m.System = cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds()
	if text := bytes.TrimSpace(stdout.Bytes()); json.Valid(text) {
		m.Output = text
	}
	return m, nil
}
