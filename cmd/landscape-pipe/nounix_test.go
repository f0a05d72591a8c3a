//go:build !unix

package main

import "errors"

// makePipe makes a named pipe, which only Unix has.
func makePipe(string) error { return errors.ErrUnsupported }
