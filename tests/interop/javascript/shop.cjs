// A shop of services with OpenTelemetry for JavaScript and its instrumentation of HTTP.
//
// node shop.cjs NAME [URL…]: serves on a free port, calls the service at URL, and writes the true
// times of its spans, by the machine's monotonic clock, to $TRUTH at its end: when stdin closes.
// With $BARE its resource says what it is called, and nothing else: neither language nor host.
"use strict";
const { SpanKind, SpanStatusCode, trace } = require("@opentelemetry/api");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { defaultResource, resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchSpanProcessor, NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
const { writeFileSync } = require("node:fs");
const { hostname } = require("node:os");

const [name, nextUrl] = process.argv.slice(2);

class Truth {
  times = {};
  onStart(span) {
    this.times[span.spanContext().spanId] = [process.hrtime.bigint()];
  }
  onEnd(span) {
    this.times[span.spanContext().spanId].push(process.hrtime.bigint());
  }
  forceFlush() {
    return Promise.resolve();
  }
  shutdown() {
    const text = JSON.stringify(this.times, (_, one) => (typeof one === "bigint" ? `${one}` : one));
    writeFileSync(process.env.TRUTH, text);
    return Promise.resolve();
  }
}

const service = resourceFromAttributes({ "service.name": name });
const host = resourceFromAttributes({ "host.name": hostname(), "process.pid": process.pid });
const provider = new NodeTracerProvider({
  resource: process.env.BARE ? service : defaultResource().merge(host).merge(service),
  spanProcessors: [new Truth(), new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [new HttpInstrumentation()],
});
const http = require("node:http");
const { setTimeout: sleep } = require("node:timers/promises");
const tracer = provider.getTracer("shop");

function get(path, options = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${nextUrl}${path}`, { agent: false, ...options }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
  });
}

async function need(path) {
  const status = await get(path);
  if (status !== 200) throw new Error(`${path} answered ${status}`);
}

function inSpan(title, work, kind = SpanKind.INTERNAL) {
  return tracer.startActiveSpan(title, { kind }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

let flaky = 0;
const routes = {
  // What has nothing below it.
  "/item": () => sleep(8),
  "/quick": () => sleep(1),
  "/slow": () => inSpan("search shelves", () => sleep(250)),
  "/broken": () =>
    inSpan("count shelf", () => {
      throw new RangeError("shelf 7 is gone");
    }),
  "/flaky": async () => {
    await sleep(5);
    flaky += 1;
    if (flaky % 3) throw new Error("not yet");
  },
  "/asleep": () => sleep(400),
  // What calls others.
  "/loop": async () => {
    for (let nth = 0; nth < 7; nth += 1) await need(`/item?nth=${nth}`);
  },
  "/parallel": () => Promise.all([need("/item"), need("/quick"), need("/slow"), need("/item")]),
  "/interleaved": () =>
    Promise.all(
      ["left", "right"].map((side) =>
        inSpan(`walk ${side}`, async () => {
          for (let nth = 0; nth < 3; nth += 1) await need(`/item?side=${side}`);
        }),
      ),
    ),
  "/waits": () => inSpan("find item", () => need("/slow")),
  "/gap": async () => {
    await need("/quick");
    await sleep(150);
    await need("/quick");
  },
  "/fails": () => inSpan("take stock", () => need("/broken")),
  "/fails-far": () => need("/fails"),
  "/retry": async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if ((await get("/flaky")) === 200) return;
      await sleep(20);
    }
    throw new Error("never");
  },
  "/gives-up": () => inSpan("ask in haste", () => get("/asleep", { timeout: 100 })),
  // Its span ends with the answer's last byte, which is long after the answer began.
  "/streams": async (response) => {
    response.write("begin");
    await sleep(60);
  },
  // Work that goes on behind the answer, in a span of its own.
  "/after": () => {
    inSpan("write history", () => sleep(80));
  },
  "/after-far": () => need("/after"),
  "/waits-far": () => need("/waits"),
};

const server = http.createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  const traceId = trace.getActiveSpan().spanContext().traceId;
  try {
    await routes[path](response);
    response.end(traceId);
  } catch (error) {
    response.statusCode = 500;
    response.end(traceId);
  }
});
server.listen(0, "127.0.0.1", () => console.log(`ready ${server.address().port}`));
process.stdin.on("end", () => provider.shutdown().finally(() => process.exit(0))).resume();
