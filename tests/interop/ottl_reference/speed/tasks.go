//go:build processors

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A task is one thing to time on one request, a file in the form that the way reads: "evaluation"
// (protobuf, of which only the processor's part is timed), "protobuf" or "json" (bytes to bytes).
type task struct {
	Way     string          `json:"way"`
	Request string          `json:"request"`
	Config  json.RawMessage `json:"config"`
	Times   int             `json:"times"` // how often a round takes the request
	Rounds  int             `json:"rounds"`
}

// nanosecondsASpan is of the shortest round.
func (t task) nanosecondsASpan() (float64, error) {
	request, err := os.ReadFile(t.Request)
	if err != nil {
		return 0, err
	}
	change, err := newProcess(t.Config)
	if err != nil {
		return 0, err
	}
	var round func() (time.Duration, error)
	way, isForm := forms[t.Way]
	if isForm {
		round = func() (time.Duration, error) { return timeBytes(way, request, change, t.Times) }
	} else if t.Way == "evaluation" {
		way = forms["protobuf"]
		round = func() (time.Duration, error) { return timeEvaluation(request, change, t.Times) }
	} else {
		return 0, fmt.Errorf("no way %q", t.Way)
	}
	traces, err := way.UnmarshalTraces(request)
	if err != nil {
		return 0, err
	}
	shortest, err := shortestOf(t.Rounds, round)
	return float64(shortest.Nanoseconds()) / float64(t.Times*traces.SpanCount()), err
}

func shortestOf(rounds int, round func() (time.Duration, error)) (shortest time.Duration, err error) {
	for at := range rounds {
		took, err := round()
		if err != nil {
			return 0, err
		}
		if at == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest, nil
}

// timeEvaluation makes a fresh copy for each time; only the processor is timed.
func timeEvaluation(request []byte, change process, times int) (time.Duration, error) {
	copies := make([]ptrace.Traces, times)
	for at := range copies {
		fresh, err := forms["protobuf"].UnmarshalTraces(request)
		if err != nil {
			return 0, err
		}
		copies[at] = fresh
	}
	begun := time.Now()
	for _, traces := range copies {
		if err := change(traces); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

func timeBytes(way form, request []byte, change process, times int) (time.Duration, error) {
	begun := time.Now()
	for range times {
		if _, err := way.through(request, change); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}
