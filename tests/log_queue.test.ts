/** The queue of lines: bounded, in order, and dropping the lowest levels first. */
// Runs on the first server: it asks none.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { type Line, LogQueue } from "../src/logs/buffer.ts";
import { effort } from "./support/effort.ts";
import { suite } from "./support/suite.ts";

const test = suite("log queue");

function line(number: number, level: number, length = 10): Line {
  return { jobId: level, level, message: String(number).padEnd(length), at: number };
}

test("A queue gives lines in their order, so many and of so many bytes", () => {
  const queue = new LogQueue(1_000_000);
  for (let i = 0; i < 10; i++) queue.push(line(i, 1, 100));

  const some = queue.take(4, 1_000_000);
  const few = queue.take(100, 700);
  const one = queue.take(100, 1);
  const rest = queue.take(100, 1_000_000);

  const numbers = [some, few, one, rest].map((lines) => lines.map(({ at }) => at));
  assert.equal(numbers, [[0, 1, 2, 3], [4, 5], [6], [7, 8, 9]]);
  assert.equal([queue.length, queue.bytes, queue.take(1, 1).length], [0, 0, 0]);
});

test("A queue that is full drops the lowest level first, the oldest of it, and counts by job", () => {
  const queue = new LogQueue(100 * (96 + 20));
  for (let i = 0; i < 100; i++) queue.push(line(i, i % 2 === 0 ? 0 : 4));

  queue.push(line(100, 2));

  const dropped = queue.takeDropped();
  const kept = queue.take(1_000, 1_000_000);
  assert.equal([...dropped.keys()], [0], "the job whose lines are of level 0");
  const count = dropped.get(0)![0]!;
  assert.ok(count >= 1 && count < 30, `${count}`);
  assert.is(kept.length, 101 - count);
  assert.is(kept.filter(({ level }) => level === 0)[0]!.at, 2 * count);
  assert.is(queue.takeDropped().size, 0);
});

test("A queue is never larger than it may be, loses nothing uncounted, and keeps the order", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ level: fc.nat(4), length: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.record({ lines: fc.integer({ min: 1, max: 50 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const most = 5_000;
      const queue = new LogQueue(most);
      const taken: Line[] = [];
      let [pushed, dropped] = [0, 0];
      for (const step of steps) {
        if ("lines" in step) {
          taken.push(...queue.take(step.lines, 2_000));
          continue;
        }
        queue.push(line(pushed++, step.level, step.length));
        assert.ok(queue.bytes <= most);
        for (const counts of queue.takeDropped().values()) {
          dropped += counts.reduce((sum, count) => sum + count, 0);
        }
      }
      taken.push(...queue.take(1_000, 1_000_000));
      const order = taken.map(({ at }) => at);
      assert.equal(order, order.toSorted((a, b) => a - b));
      assert.is(new Set(order).size + dropped, pushed);
      assert.equal([queue.length, queue.bytes], [0, 0]);
    }),
    effort(200),
  );
});

test.run();
