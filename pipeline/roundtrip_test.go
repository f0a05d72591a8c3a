package pipeline

import (
	"encoding/json"
	"reflect"
)

// RoundTrip returns the params of a stage as they enter its key, and as what
// the stage receives would.
func RoundTrip(s *Stage) (sent, received []byte, err error) {
	p := reflect.New(s.kind.params).Interface()
	if err := json.Unmarshal(s.params, p); err != nil {
		return nil, nil, err
	}
	received, err = encodeParams(p)
	return s.params, received, err
}
