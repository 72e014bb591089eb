/** A network that repeatedly drops every connection, under load. */
// Runs on the first server: it tests the client behind a network that fails.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { openScene } from "../support/invariants.ts";
import { startLoad } from "../support/load.ts";
import { suite } from "../support/suite.ts";
import { tellFigures } from "../support/summary.ts";

const test = suite("reset storm");
const DEADLINE = 5_000;

test("the pool answers or rejects in time in a storm of resets, and loses nothing", async () => {
  const scene = await openScene({
    pool: { size: 8 },
    timeouts: { connect: 2_000, acquire: 4_000, statement: 4_000, transaction: 5_000 },
  });
  const { db, proxy, calls } = scene;

  const load = await startLoad(scene, { deadline: DEADLINE });
  let cut = 0;
  const enough = () => calls.figures.answered > 20 && cut > 20 && db.stats().discarded > 5;
  for (const end = performance.now() + 3_000; performance.now() < end || !enough();) {
    await sleep(300);
    cut += proxy.reset();
  }
  await load.end();

  await scene.assertRecovered();
  await load.assertWhole();
  const { answered, rejected } = calls.figures;
  tellFigures(
    `${answered} answered, ${rejected} rejected, ${cut} connections cut, ` +
      `${db.stats().discarded} connections replaced, ${
        calls.ids("stored").length
      } acknowledged rows found, ` +
      `${calls.ids("unknown").length} of unknown outcome`,
  );
  // A storm with work in it, however busy the machine is. Many connections break before they are established.
  assert.ok(answered > 20, `only ${answered} answered`);
  assert.ok(cut > 20 && db.stats().discarded > 5, `only ${cut} cut`);
  await scene.close();
});

test.run();
