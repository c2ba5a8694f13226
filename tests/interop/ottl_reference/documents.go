package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A document is the input: one of the three signals, the others being empty.
type document struct {
	logs    plog.Logs
	traces  ptrace.Traces
	metrics pmetric.Metrics
	signal  string
	more    any // profiles, which only the processors' build knows
}

func readDocument(text []byte) (*document, error) {
	doc := &document{logs: plog.NewLogs(), traces: ptrace.NewTraces(), metrics: pmetric.NewMetrics()}
	var keys map[string]json.RawMessage
	err := json.Unmarshal(text, &keys)
	if err != nil {
		return nil, err
	}
	for key := range keys {
		doc.signal = key
	}
	switch doc.signal {
	case "resourceLogs":
		doc.logs, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
	case "resourceSpans":
		doc.traces, err = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(text)
	case "resourceMetrics":
		doc.metrics, err = (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(text)
	default:
		doc.more, err = readMore(doc.signal, text)
	}
	return doc, err
}

func (doc *document) write() ([]byte, error) {
	switch doc.signal {
	case "resourceLogs":
		return (&plog.JSONMarshaler{}).MarshalLogs(doc.logs)
	case "resourceSpans":
		return (&ptrace.JSONMarshaler{}).MarshalTraces(doc.traces)
	case "resourceMetrics":
		return (&pmetric.JSONMarshaler{}).MarshalMetrics(doc.metrics)
	default:
		return writeMore(doc.more)
	}
}

// anyValue gives a value as OTLP/JSON AnyValue, and in an object of our own what has no such form:
// {"time": "ns"}, {"duration": "ns"}, {"id": "hex"}, {"opaque": "Go type"}.
func anyValue(value any) any {
	switch typed := value.(type) {
	case nil:
		return map[string]any{}
	case pcommon.Value:
		return anyValue(typed.AsRaw())
	case pcommon.Map:
		return anyValue(typed.AsRaw())
	case pcommon.Slice:
		return anyValue(typed.AsRaw())
	case time.Time:
		return map[string]any{"time": unixNano(typed), "zone": typed.Format("-07:00:00 MST")}
	case time.Duration:
		return map[string]any{"duration": strconv.FormatInt(int64(typed), 10)}
	case pcommon.TraceID:
		return map[string]any{"id": fmt.Sprintf("%x", typed[:])}
	case pcommon.SpanID:
		return map[string]any{"id": fmt.Sprintf("%x", typed[:])}
	case []byte:
		return map[string]any{"bytesValue": base64.StdEncoding.EncodeToString(typed)}
	}
	return anyByKind(reflect.ValueOf(value))
}

// unixNano gives nanoseconds since 1970 also of times that are too far away for an int64.
func unixNano(moment time.Time) string {
	nano := new(big.Int).Mul(big.NewInt(moment.Unix()), big.NewInt(int64(time.Second)))
	return nano.Add(nano, big.NewInt(int64(moment.Nanosecond()))).String()
}

func anyByKind(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Bool:
		return map[string]any{"boolValue": value.Bool()}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"intValue": strconv.FormatInt(value.Int(), 10)}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"intValue": strconv.FormatUint(value.Uint(), 10)}
	case reflect.Float32, reflect.Float64:
		number := value.Float()
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return map[string]any{"doubleValue": fmt.Sprint(number)}
		}
		return map[string]any{"doubleValue": number}
	case reflect.String:
		return map[string]any{"stringValue": value.String()}
	case reflect.Slice, reflect.Array:
		values := []any{}
		for at := range value.Len() {
			values = append(values, anyValue(value.Index(at).Interface()))
		}
		return map[string]any{"arrayValue": map[string]any{"values": values}}
	case reflect.Map:
		entries := []any{}
		for _, key := range value.MapKeys() {
			entries = append(entries, map[string]any{"key": key.String(), "value": anyValue(value.MapIndex(key).Interface())})
		}
		return map[string]any{"kvlistValue": map[string]any{"values": entries}}
	default:
		return map[string]any{"opaque": fmt.Sprintf("%v", value.Type())}
	}
}
