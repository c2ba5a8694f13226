// What the propagators of OpenTelemetry for JavaScript take from headers: a list of objects of
// name and values on stdin, an array on stdout.
import { ROOT_CONTEXT, propagation, trace } from "@opentelemetry/api";
import core from "@opentelemetry/core";
import b3 from "@opentelemetry/propagator-b3";
import jaeger from "@opentelemetry/propagator-jaeger";
import { readFileSync } from "node:fs";

const propagators = {
  w3c: new core.W3CTraceContextPropagator(),
  b3: new b3.B3Propagator(),
  jaeger: new jaeger.JaegerPropagator(),
  baggage: new core.W3CBaggagePropagator(),
};

// A header that is there several times is one string, as Node's server has it.
const getter = {
  get: (headers, name) => headers[name.toLowerCase()]?.join(", "),
  keys: (headers) => Object.keys(headers),
};

function read(propagator, headers) {
  const context = propagator.extract(ROOT_CONTEXT, headers, getter);
  const span = trace.getSpanContext(context);
  const baggage = propagation.getBaggage(context)?.getAllEntries() ?? [];
  return {
    trace_id: span?.traceId ?? null,
    span_id: span?.spanId ?? null,
    flags: span?.traceFlags ?? null,
    tracestate: span?.traceState?.serialize() ?? "",
    baggage: Object.fromEntries(baggage.map(([key, entry]) => [key, entry.value])),
  };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
const found = cases.map((headers) =>
  Object.fromEntries(
    Object.entries(propagators).map(([name, one]) => [name, read(one, headers)]),
  ),
);
process.stdout.write(JSON.stringify(found));
