package task

import (
	"errors"
	"strings"
	"testing"
)

func TestPart(t *testing.T) {
	k := New(nil)
	broken := errors.New("broken")
	for _, c := range []struct {
		name, want string
		err        error
	}{{"a", "1", nil}, {"b", "", broken}} {
		data, err := k.Part(c.name, func() ([]byte, error) { return []byte(c.want), c.err })
		if string(data) != c.want || err != c.err {
			t.Errorf("part %s is %q, %v", c.name, data, err)
		}
		_, err = k.Part(c.name, func() ([]byte, error) { t.Error("a name was used twice"); return nil, nil })
		if err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("part %s again: %v", c.name, err)
		}
	}
}
