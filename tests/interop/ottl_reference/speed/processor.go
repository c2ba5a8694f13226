//go:build processors

package main

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
)

// A process changes traces in place.
type process func(ptrace.Traces) error

// newProcess makes the processor of a configuration {"transform": …}; without one nothing is done.
func newProcess(text []byte) (process, error) {
	if len(text) == 0 {
		return func(ptrace.Traces) error { return nil }, nil
	}
	var named struct {
		Transform map[string]any `json:"transform"`
	}
	if err := json.Unmarshal(text, &named); err != nil {
		return nil, err
	}
	factory := transformprocessor.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(named.Transform).Unmarshal(config); err != nil {
		return nil, err
	}
	ctx := context.Background()
	next, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { return nil })
	if err != nil {
		return nil, err
	}
	made, err := factory.CreateTraces(ctx, settings(factory.Type()), config, next)
	if err != nil {
		return nil, err
	}
	return func(traces ptrace.Traces) error { return made.ConsumeTraces(ctx, traces) }, nil
}

func settings(kind component.Type) processor.Settings {
	return processor.Settings{ID: component.NewID(kind), TelemetrySettings: component.TelemetrySettings{
		Logger:         zap.NewNop(),
		TracerProvider: nooptrace.NewTracerProvider(),
		MeterProvider:  noopmetric.NewMeterProvider(),
		Resource:       pcommon.NewResource(),
	}}
}
