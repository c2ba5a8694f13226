//go:build processors

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlexemplar"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlmetric"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlprofile"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlscope"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspanevent"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
)

func resourceFunctions() map[string]ottl.Factory[*ottlresource.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlresource.TransformContext]()
}

func scopeFunctions() map[string]ottl.Factory[*ottlscope.TransformContext] {
	return ottlfuncs.StandardFuncs[*ottlscope.TransformContext]()
}

func logFunctions() map[string]ottl.Factory[*ottllog.TransformContext] {
	return ottl.CreateFactoryMap(transformprocessor.DefaultLogFunctions()...)
}

func spanFunctions() map[string]ottl.Factory[*ottlspan.TransformContext] {
	return ottl.CreateFactoryMap(transformprocessor.DefaultSpanFunctions()...)
}

func spanEventFunctions() map[string]ottl.Factory[*ottlspanevent.TransformContext] {
	return ottl.CreateFactoryMap(transformprocessor.DefaultSpanEventFunctions()...)
}

// metricFunctions has those of both processors.
func metricFunctions() map[string]ottl.Factory[*ottlmetric.TransformContext] {
	functions := ottl.CreateFactoryMap(transformprocessor.DefaultMetricFunctions()...)
	for _, one := range filterprocessor.DefaultMetricFunctions() {
		functions[one.Name()] = one
	}
	return functions
}

func dataPointFunctions() map[string]ottl.Factory[*ottldatapoint.TransformContext] {
	return ottl.CreateFactoryMap(transformprocessor.DefaultDataPointFunctions()...)
}

func exemplarFunctions() map[string]ottl.Factory[*ottlexemplar.TransformContext] {
	return ottl.CreateFactoryMap(transformprocessor.DefaultExemplarFunctions()...)
}

func moreContexts(mode ottl.ErrorMode, walks map[string]walk) []option {
	walks["profile"] = func(doc *document, visit itemVisitor) error {
		profiles, isProfiles := doc.more.(pprofile.Profiles)
		if !isProfiles {
			return nil
		}
		for _, rp := range profiles.ResourceProfiles().All() {
			for _, sp := range rp.ScopeProfiles().All() {
				for _, profile := range sp.Profiles().All() {
					item := ottlprofile.NewTransformContext(rp, sp, profile, profiles.Dictionary())
					if err := visitAndClose(item, visit); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	functions := ottl.CreateFactoryMap(transformprocessor.DefaultProfileFunctions()...)
	return []option{newContext("profile", mode, ottlprofile.NewParser, ottlprofile.EnablePathContextNames, functions)}
}

func readMore(signal string, text []byte) (any, error) {
	if signal != "resourceProfiles" && signal != "dictionary" {
		return nil, errors.New("no document of " + signal)
	}
	return (&pprofile.JSONUnmarshaler{}).UnmarshalProfiles(text)
}

func writeMore(document any) ([]byte, error) {
	return (&pprofile.JSONMarshaler{}).MarshalProfiles(document.(pprofile.Profiles))
}

// runConfig makes a processor of a configuration and sends the document through it.
func runConfig(c testCase) (res result) {
	res.ID = c.ID
	doc, err := readDocument(c.Input)
	if err != nil {
		res.Phase, res.Error = "input", err.Error()
		return res
	}
	send, output, err := newProcessor(c.Config, doc)
	if err != nil {
		res.Phase, res.Error = "parse", err.Error()
		return res
	}
	if err := send(); err != nil {
		res.Phase, res.Error = "execute", err.Error()
		return res
	}
	res.Output, err = output.write()
	if err != nil {
		res.Phase, res.Error = "input", err.Error()
		return res
	}
	res.Phase = "ok"
	return res
}

func newProcessor(text json.RawMessage, doc *document) (send func() error, output *document, err error) {
	factory, config, err := readConfig(text)
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	options := processor.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: settings}
	output = &document{logs: plog.NewLogs(), traces: ptrace.NewTraces(), metrics: pmetric.NewMetrics(), signal: doc.signal}
	switch doc.signal {
	case "resourceLogs":
		next, _ := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error { output.logs = logs; return nil })
		made, err := factory.CreateLogs(ctx, options, config, next)
		return func() error { return made.ConsumeLogs(ctx, doc.logs) }, output, err
	case "resourceSpans":
		next, _ := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error { output.traces = traces; return nil })
		made, err := factory.CreateTraces(ctx, options, config, next)
		return func() error { return made.ConsumeTraces(ctx, doc.traces) }, output, err
	case "resourceMetrics":
		next, _ := consumer.NewMetrics(func(_ context.Context, metrics pmetric.Metrics) error { output.metrics = metrics; return nil })
		made, err := factory.CreateMetrics(ctx, options, config, next)
		return func() error { return made.ConsumeMetrics(ctx, doc.metrics) }, output, err
	default:
		return nil, nil, errors.New("a configuration runs on logs, traces or metrics")
	}
}

func readConfig(text json.RawMessage) (processor.Factory, component.Config, error) {
	var named map[string]map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&named); err != nil {
		return nil, nil, err
	}
	factories := map[string]processor.Factory{"transform": transformprocessor.NewFactory(), "filter": filterprocessor.NewFactory()}
	for name, values := range named {
		factory, known := factories[name]
		if !known {
			return nil, nil, fmt.Errorf("no processor %q", name)
		}
		config := factory.CreateDefaultConfig()
		if err := confmap.NewFromStringMap(asYAML(values).(map[string]any)).Unmarshal(config); err != nil {
			return nil, nil, err
		}
		if checked, can := config.(interface{ Validate() error }); can {
			return factory, config, checked.Validate()
		}
		return factory, config, nil
	}
	return nil, nil, errors.New("an empty configuration")
}

// asYAML tells integers from other numbers, as a YAML reader does.
func asYAML(value any) any {
	switch one := value.(type) {
	case map[string]any:
		for key, inner := range one {
			one[key] = asYAML(inner)
		}
	case []any:
		for at, inner := range one {
			one[at] = asYAML(inner)
		}
	case json.Number:
		if number, err := one.Int64(); err == nil {
			return int(number)
		}
		number, _ := one.Float64()
		return number
	}
	return value
}
