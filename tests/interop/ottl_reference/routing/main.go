// Runs configurations of the routing connector on logs: a case a line in, its routes a line out.
//
// It is a program of its own, because its module is of another version than the others.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sort"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/routingconnector"
)

// position is the attribute by which a record is known again behind the connector.
const position = "reference.position"

type testCase struct {
	ID     string                           `json:"id"`
	Config struct{ Routing map[string]any } `json:"config"`
	Input  json.RawMessage                  `json:"input"`
}

// A result tells which records, by their position in the input, reached which pipeline.
type result struct {
	ID     string           `json:"id"`
	Phase  string           `json:"phase"`
	Error  string           `json:"error,omitempty"`
	Routes map[string][]int `json:"routes,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	encoder := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			_ = encoder.Encode(runLine(line))
		}
		if err != nil {
			return
		}
	}
}

func runLine(line []byte) (res result) {
	var c testCase
	defer func() {
		if failure := recover(); failure != nil {
			res = result{ID: c.ID, Phase: "panic", Error: fmt.Sprintf("%v\n%s", failure, debug.Stack())}
		}
	}()
	if err := json.Unmarshal(line, &c); err != nil {
		return result{Phase: "input", Error: err.Error()}
	}
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(c.Input)
	if err != nil {
		return result{ID: c.ID, Phase: "input", Error: err.Error()}
	}
	routes := map[string][]int{}
	made, err := newConnector(c.Config.Routing, routes)
	if err != nil {
		return result{ID: c.ID, Phase: "parse", Error: err.Error()}
	}
	at := 0
	eachRecord(logs, func(record plog.LogRecord) {
		record.Attributes().PutInt(position, int64(at))
		at++
	})
	if err := made.ConsumeLogs(context.Background(), logs); err != nil {
		return result{ID: c.ID, Phase: "execute", Error: err.Error()}
	}
	for _, positions := range routes {
		sort.Ints(positions)
	}
	return result{ID: c.ID, Phase: "ok", Routes: routes}
}

func newConnector(values map[string]any, routes map[string][]int) (connector.Logs, error) {
	factory := routingconnector.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(values).Unmarshal(config); err != nil {
		return nil, err
	}
	if err := config.(interface{ Validate() error }).Validate(); err != nil {
		return nil, err
	}
	consumers := map[pipeline.ID]consumer.Logs{}
	for _, name := range pipelinesOf(values) {
		var id pipeline.ID
		if err := id.UnmarshalText([]byte(name)); err != nil {
			return nil, err
		}
		consumers[id], _ = consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
			eachRecord(logs, func(record plog.LogRecord) {
				at, _ := record.Attributes().Get(position)
				routes[name] = append(routes[name], int(at.Int()))
			})
			return nil
		})
	}
	options := connector.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: component.TelemetrySettings{
		Logger: zap.NewNop(), TracerProvider: nooptrace.NewTracerProvider(), MeterProvider: noopmetric.NewMeterProvider(), Resource: pcommon.NewResource(),
	}}
	return factory.CreateLogsToLogs(context.Background(), options, config, connector.NewLogsRouter(consumers).(consumer.Logs))
}

// pipelinesOf gives every pipeline that a configuration names.
func pipelinesOf(values map[string]any) []string {
	var names []string
	add := func(list any) {
		entries, _ := list.([]any)
		for _, one := range entries {
			names = append(names, one.(string))
		}
	}
	add(values["default_pipelines"])
	rows, _ := values["table"].([]any)
	for _, row := range rows {
		add(row.(map[string]any)["pipelines"])
	}
	return names
}

func eachRecord(logs plog.Logs, visit func(plog.LogRecord)) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				visit(record)
			}
		}
	}
}
