package main

import (
	"errors"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
)

// missingData are data sets that a run could not fetch.
type missingData struct {
	datasets []string
	first    *pipeline.Summary // of the run that lacked them
	rest     *globals          // flags that leave them out, too
}

// missing returns the data sets that no source had, nil if there are none or if
// nothing is left to run without them.
func (g *globals) missing(w *workspace, done *pipeline.Summary) *missingData {
	m := &missingData{first: done}
	for _, f := range done.Failures {
		var source *fetch.SourceError
		if errors.As(f.Err, &source) {
			m.datasets = append(m.datasets, source.Dataset.Name)
		}
	}
	if len(m.datasets) == 0 {
		return nil
	}
	if _, err := w.params.Without(m.datasets...); err != nil {
		return nil
	}
	rest := *g
	rest.Without = append(slices.Clone(g.Without), m.datasets...)
	m.rest = &rest
	return m
}

// add counts what the runs that lacked some data did before this one. What they
// skipped is no part of it.
func (s *summary) add(lacking []*missingData) {
	failures := []failureValue{}
	for _, m := range lacking {
		s.Missing = append(s.Missing, m.datasets...)
		s.Ran, s.Cached, s.Failed = s.Ran+m.first.Ran, s.Cached-m.first.Ran, s.Failed+m.first.Failed
		for _, f := range m.first.Failures {
			failures = append(failures, failureValue{f.Stage.Name(), f.Err.Error()})
		}
	}
	s.Failures = append(failures, s.Failures...)
}
