/** The README's example produces OpenTelemetry spans in the trace of their caller, without values. */
// Runs on the first server: it tests the client, whatever the server's version.
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  type Context,
  context,
  type ContextManager,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as assert from "uvu/assert";
import { connect, tagInsert } from "netraven-db";
import { createDatabase } from "./support/database.ts";
import { examples, loadExample } from "./support/examples.ts";
import { suite } from "./support/suite.ts";
import { rejection } from "./support/until.ts";

/** As in an application: the context follows every await. */
class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  with: ContextManager["with"] = (active, work, self, ...args) =>
    this.#storage.run(active, () => work.call(self, ...args));
  bind<T>(_: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const test = suite("opentelemetry");
const CANARY = "c4n4ry-v4lue";

test("the README's example makes a span of each query, with its time and outcome", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "netraven-otel-")));
  const database = await createDatabase();
  const db = await connect({ url: database.url, logging: { level: "silent" } });
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new Contexts());
  const [example] = (await examples()).filter(({ code }) => code.includes("@opentelemetry/api"));
  const subscribe = await loadExample(example!.code, join(folder, "opentelemetry.mts"));
  await subscribe(db, console);

  const started = Date.now();
  await db.query("select pg_sleep(0.05)", [], { name: "Sleep" });
  await tagInsert.one({ name: CANARY }, db);
  await rejection(tagInsert.one({ name: CANARY }, db));
  const ended = Date.now();
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  const caller = trace.getTracer("test").startSpan("caller");
  await context.with(trace.setSpan(context.active(), caller), async () => {
    await db.transaction((tx) => tx.query("select 1", [], { name: "Child" }));
    await Promise.all(
      Array.from({ length: 20 }, () => db.query("select 1", [], { name: "Child" })),
    );
  });
  const children = exporter.getFinishedSpans();

  assert.equal(
    spans.map(({ name, attributes, status }) => [
      name,
      attributes["db.response.returned_rows"],
      attributes["error.type"],
      status.code,
    ]),
    [
      ["Sleep", 1, undefined, 0],
      ["TagInsert", 1, undefined, 0],
      ["TagInsert", undefined, "CONSTRAINT", 2],
    ],
  );
  const milliseconds = ([seconds, nano]: readonly [number, number]) => seconds * 1e3 + nano / 1e6;
  const [sleep] = spans;
  assert.ok(milliseconds(sleep!.duration) >= 49);
  assert.ok(milliseconds(sleep!.startTime) >= started - 1);
  assert.ok(milliseconds(spans.at(-1)!.endTime) <= ended + 1);
  assert.is(children.length, 21);
  for (const { name, parentSpanContext } of children) {
    assert.is(name, "Child");
    assert.is(parentSpanContext?.spanId, caller.spanContext().spanId);
  }
  assert.not.match(inspect(spans, { depth: 9 }), new RegExp(CANARY));

  await provider.shutdown();
  trace.disable();
  context.disable();
  await db.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test.run();
