// Sends traces, metrics and logs with OpenTelemetry's SDK and OTLP exporters for JavaScript.
//
// A document {"protocol": "grpc" | "http/protobuf" | "http/json"} on stdin; where to, and whether
// compressed, is said by OTEL_EXPORTER_OTLP_*. What was sent and cannot be known beforehand, ids
// and times, is printed as JSON. Exits 1 when an exporter says that it failed.
"use strict";
const { SpanKind, SpanStatusCode, TraceFlags, context, createTraceState, diag, trace } = require(
  "@opentelemetry/api",
);
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const { SeverityNumber } = require("@opentelemetry/api-logs");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchLogRecordProcessor, LoggerProvider } = require("@opentelemetry/sdk-logs");
const { AggregationType, MeterProvider, PeriodicExportingMetricReader } = require(
  "@opentelemetry/sdk-metrics",
);
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { readFileSync } = require("node:fs");

const { protocol } = JSON.parse(readFileSync(0, "utf8"));
const kind = { grpc: "grpc", "http/protobuf": "proto", "http/json": "http" }[protocol];
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${kind}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${kind}`);

// What exporters make of the answers: a partial success is a warning.
const complaint = (...words) => {
  console.error(...words);
  process.exitCode = 1;
};
const quiet = () => {};
diag.setLogger({ error: complaint, warn: complaint, info: quiet, debug: quiet, verbose: quiet });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const resource = resourceFromAttributes({
  "service.name": "js-shop",
  "host.cpus": [1, 2],
  "pool.load": 0.5,
});
const nano = ([seconds, nanos]) => `${BigInt(seconds) * 1_000_000_000n + BigInt(nanos)}`;

function sendSpans(provider) {
  const tracer = provider.getTracer("interop", "1.2.3");
  const remote = trace.setSpanContext(context.active(), {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: TraceFlags.SAMPLED,
    traceState: createTraceState("rojo=00f067aa0ba902b7,congo=t61"),
    isRemote: true,
  });
  const linked = { traceId: "11111111111111111111111111111111", spanId: "2222222222222222" };
  const parent = tracer.startSpan(
    "GET /cart",
    {
      kind: SpanKind.SERVER,
      attributes: {
        text: "Grüße, 世界 \u{1f6d2}",
        whole: 42,
        large: 9007199254740991,
        negative: -7,
        double: 1.5,
        yes: true,
        empty: "",
        texts: ["a", "b"],
      },
      links: [{ context: { ...linked, traceFlags: 1 }, attributes: { why: "caused" } }],
    },
    remote,
  );
  parent.addEvent("looked up", { rows: 3 });
  const child = tracer.startSpan("read", { kind: SpanKind.CLIENT }, trace.setSpan(remote, parent));
  child.setStatus({ code: SpanStatusCode.ERROR, message: "shelf 7 is gone" });
  child.end();
  parent.setStatus({ code: SpanStatusCode.OK });
  parent.end();
  return [parent, child];
}

function sendMetrics(provider) {
  const meter = provider.getMeter("interop", "2.0");
  const requests = meter.createCounter("requests", { unit: "{request}" });
  requests.add(3, { route: "/cart", retried: false });
  meter.createUpDownCounter("queue").add(-2);
  meter.createGauge("load").record(0.25);
  const latency = meter.createHistogram("latency", {
    unit: "s",
    advice: { explicitBucketBoundaries: [0.1, 1] },
  });
  for (const seconds of [0.05, 0.5, 0.75]) latency.record(seconds);
  const size = meter.createHistogram("size", { unit: "By" });
  for (const bytes of [1, 2, 4, 4]) size.record(bytes);
}

function sendLogs(provider, span) {
  const logger = provider.getLogger("interop", "3.0");
  const within = trace.setSpan(context.active(), span);
  logger.emit({
    body: "hello from afar",
    severityNumber: SeverityNumber.WARN,
    severityText: "WARN",
    attributes: { nested: { deep: [1, "two", false, null] } },
    context: within,
  });
  logger.emit({
    eventName: "cart.emptied",
    body: { items: [{ id: 1 }, { id: 2.5 }], note: null },
    severityNumber: SeverityNumber.INFO,
    attributes: { raw: new Uint8Array([0, 255]) },
  });
}

async function main() {
  const tracing = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const metering = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
    views: [
      {
        instrumentName: "size",
        aggregation: {
          type: AggregationType.EXPONENTIAL_HISTOGRAM,
          options: { maxSize: 10, recordMinMax: true },
        },
      },
    ],
  });
  const logging = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
  });
  const spans = sendSpans(tracing);
  sendMetrics(metering);
  sendLogs(logging, spans[0]);
  for (const provider of [tracing, metering, logging]) await provider.shutdown();
  const sent = spans.map((span) => ({
    name: span.name,
    span_id: span.spanContext().spanId,
    start_unix_nano: nano(span.startTime),
    end_unix_nano: nano(span.endTime),
  }));
  process.stdout.write(JSON.stringify(sent));
}

main();
