// A service with OpenTelemetry for JavaScript that calls the addresses in the body of a POST.
import {
  ROOT_CONTEXT,
  SpanKind,
  defaultTextMapGetter,
  defaultTextMapSetter,
  trace,
} from "@opentelemetry/api";
import core from "@opentelemetry/core";
import sdk from "@opentelemetry/sdk-trace-base";
import http from "node:http";

const propagator = new core.CompositePropagator({
  propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
});
const tracer = new sdk.BasicTracerProvider().getTracer("service");

function call(url, body, parent) {
  const span = tracer.startSpan("POST", { kind: SpanKind.CLIENT }, parent);
  const headers = { "content-type": "application/json" };
  propagator.inject(trace.setSpan(parent, span), headers, defaultTextMapSetter);
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", headers, agent: false }, (response) => {
      response.resume();
      response.on("end", resolve);
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  }).finally(() => span.end());
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
  const span = tracer.startSpan("serve", { kind: SpanKind.SERVER }, parent);
  for (const { url, arguments: body } of JSON.parse(Buffer.concat(chunks).toString() || "[]")) {
    await call(url, body, trace.setSpan(parent, span));
  }
  span.end();
  response.end("{}");
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`ready ${server.address().port}`);
});
// The test's end is the service's.
process.stdin.on("end", () => process.exit(0)).resume();
