package main

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlexemplar"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlmetric"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlscope"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspanevent"
)

var settings = component.TelemetrySettings{
	Logger:         zap.NewNop(),
	TracerProvider: nooptrace.NewTracerProvider(),
	MeterProvider:  noopmetric.NewMeterProvider(),
	Resource:       pcommon.NewResource(),
}

// maxMetrics bounds the metrics of a scope: a statement that copies its own copies would not end.
const maxMetrics = 10_000

// A walk visits every item of a context in a document.
type walk func(doc *document, visit func(item any) error) error

type (
	option      = ottl.ParserCollectionOption[program]
	itemVisitor = func(item any) error
)

// contexts gives the parser of every context, and how its items are reached.
func contexts(mode ottl.ErrorMode) ([]option, map[string]walk) {
	walks := map[string]walk{
		"resource": walkResources, "scope": walkScopes, "log": walkLogs, "span": walkSpans, "spanevent": walkSpanEvents,
		"metric": walkMetrics, "datapoint": walkDataPoints, "exemplar": walkExemplars,
	}
	options := []option{
		newContext("resource", mode, ottlresource.NewParser, ottlresource.EnablePathContextNames, resourceFunctions()),
		newContext("scope", mode, ottlscope.NewParser, ottlscope.EnablePathContextNames, scopeFunctions()),
		newContext("log", mode, ottllog.NewParser, ottllog.EnablePathContextNames, logFunctions()),
		newContext("span", mode, ottlspan.NewParser, ottlspan.EnablePathContextNames, spanFunctions()),
		newContext("spanevent", mode, ottlspanevent.NewParser, ottlspanevent.EnablePathContextNames, spanEventFunctions()),
		newContext("metric", mode, ottlmetric.NewParser, ottlmetric.EnablePathContextNames, metricFunctions()),
		newContext("datapoint", mode, ottldatapoint.NewParser, ottldatapoint.EnablePathContextNames, dataPointFunctions()),
		newContext("exemplar", mode, ottlexemplar.NewParser, ottlexemplar.EnablePathContextNames, exemplarFunctions()),
	}
	return append(options, moreContexts(mode, walks)...), walks
}

func newContext[K any](
	name string,
	mode ottl.ErrorMode,
	newParser func(map[string]ottl.Factory[K], component.TelemetrySettings, ...ottl.Option[K]) (ottl.Parser[K], error),
	enableNames func() ottl.Option[K],
	functions map[string]ottl.Factory[K],
) option {
	parser, err := newParser(functions, settings, enableNames())
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	return ottl.WithParserCollectionContext(name, &parser,
		ottl.WithStatementConverter(func(_ *ottl.ParserCollection[program], _ ottl.StatementsGetter, parsed []*ottl.Statement[K]) (program, error) {
			sequence := ottl.NewStatementSequence(parsed, settings, ottl.WithStatementSequenceErrorMode[K](mode))
			return func(item any) (any, error) { return nil, sequence.Execute(ctx, item.(K)) }, nil
		}),
		ottl.WithConditionConverter(func(_ *ottl.ParserCollection[program], _ ottl.ConditionsGetter, parsed []*ottl.Condition[K]) (program, error) {
			sequence := ottl.NewConditionSequence(parsed, settings, ottl.WithConditionSequenceErrorMode[K](mode))
			return func(item any) (any, error) { return sequence.Eval(ctx, item.(K)) }, nil
		}),
		ottl.WithValueExpressionConverter(func(_ *ottl.ParserCollection[program], _ ottl.ValueExpressionsGetter, parsed []*ottl.ValueExpression[K]) (program, error) {
			return func(item any) (any, error) { return parsed[0].Eval(ctx, item.(K)) }, nil
		}),
	)
}

type closer interface{ Close() }

// visitAndClose gives a transform context back to its pool after the visit.
func visitAndClose(item closer, visit itemVisitor) error {
	defer item.Close()
	return visit(item)
}

func walkResources(doc *document, visit itemVisitor) error {
	for _, rl := range doc.logs.ResourceLogs().All() {
		if err := visitAndClose(ottlresource.NewTransformContext(rl.Resource(), rl), visit); err != nil {
			return err
		}
	}
	for _, rs := range doc.traces.ResourceSpans().All() {
		if err := visitAndClose(ottlresource.NewTransformContext(rs.Resource(), rs), visit); err != nil {
			return err
		}
	}
	for _, rm := range doc.metrics.ResourceMetrics().All() {
		if err := visitAndClose(ottlresource.NewTransformContext(rm.Resource(), rm), visit); err != nil {
			return err
		}
	}
	return nil
}

func walkScopes(doc *document, visit itemVisitor) error {
	for _, rl := range doc.logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			if err := visitAndClose(ottlscope.NewTransformContext(sl.Scope(), rl.Resource(), sl, rl), visit); err != nil {
				return err
			}
		}
	}
	for _, rs := range doc.traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			if err := visitAndClose(ottlscope.NewTransformContext(ss.Scope(), rs.Resource(), ss, rs), visit); err != nil {
				return err
			}
		}
	}
	for _, rm := range doc.metrics.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			if err := visitAndClose(ottlscope.NewTransformContext(sm.Scope(), rm.Resource(), sm, rm), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func walkLogs(doc *document, visit itemVisitor) error {
	for _, rl := range doc.logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				if err := visitAndClose(ottllog.NewTransformContext(rl, sl, record), visit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func eachSpan(doc *document, visit func(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) error) error {
	for _, rs := range doc.traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if err := visit(rs, ss, span); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func walkSpans(doc *document, visit itemVisitor) error {
	return eachSpan(doc, func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) error {
		return visitAndClose(ottlspan.NewTransformContext(rs, ss, span), visit)
	})
}

func walkSpanEvents(doc *document, visit itemVisitor) error {
	return eachSpan(doc, func(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) error {
		for at, event := range span.Events().All() {
			index := ottlspanevent.WithEventIndex(int64(at))
			if err := visitAndClose(ottlspanevent.NewTransformContext(rs, ss, span, event, index), visit); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachMetric(doc *document, visit func(pmetric.ResourceMetrics, pmetric.ScopeMetrics, pmetric.Metric) error) error {
	for _, rm := range doc.metrics.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			// A function may append metrics; they are visited as well, here up to a bound.
			for at := 0; at < sm.Metrics().Len(); at++ {
				if at == maxMetrics {
					return errors.New("metrics are appended without end")
				}
				if err := visit(rm, sm, sm.Metrics().At(at)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func walkMetrics(doc *document, visit itemVisitor) error {
	return eachMetric(doc, func(rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, metric pmetric.Metric) error {
		return visitAndClose(ottlmetric.NewTransformContext(rm, sm, metric), visit)
	})
}

// pointsOf gives the points of a metric, and the exemplars of each.
func pointsOf(metric pmetric.Metric) (points []any, exemplars []pmetric.ExemplarSlice) {
	none := pmetric.NewExemplarSlice()
	add := func(point any, its pmetric.ExemplarSlice) {
		points, exemplars = append(points, point), append(exemplars, its)
	}
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		for _, point := range metric.Gauge().DataPoints().All() {
			add(point, point.Exemplars())
		}
	case pmetric.MetricTypeSum:
		for _, point := range metric.Sum().DataPoints().All() {
			add(point, point.Exemplars())
		}
	case pmetric.MetricTypeHistogram:
		for _, point := range metric.Histogram().DataPoints().All() {
			add(point, point.Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, point := range metric.ExponentialHistogram().DataPoints().All() {
			add(point, point.Exemplars())
		}
	case pmetric.MetricTypeSummary:
		for _, point := range metric.Summary().DataPoints().All() {
			add(point, none)
		}
	}
	return points, exemplars
}

func walkDataPoints(doc *document, visit itemVisitor) error {
	return eachMetric(doc, func(rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, metric pmetric.Metric) error {
		points, _ := pointsOf(metric)
		for _, point := range points {
			if err := visitAndClose(ottldatapoint.NewTransformContext(rm, sm, metric, point), visit); err != nil {
				return err
			}
		}
		return nil
	})
}

func walkExemplars(doc *document, visit itemVisitor) error {
	return eachMetric(doc, func(rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, metric pmetric.Metric) error {
		points, exemplars := pointsOf(metric)
		for at, point := range points {
			for _, exemplar := range exemplars[at].All() {
				if err := visitAndClose(ottlexemplar.NewTransformContext(rm, sm, metric, point, exemplar), visit); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
