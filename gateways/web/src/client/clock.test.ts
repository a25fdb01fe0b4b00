import { expect, it } from "vitest";
import { ServerClock } from "./clock";

it("the ping with the shortest round trip sets the clock", () => {
  let nowMs = 1000;
  const clock = new ServerClock(() => nowMs);
  expect(clock.nowUs()).toBeNull();
  clock.hint(9_000_000);
  nowMs = 1100;
  clock.sample(1000, 6_050_000);
  nowMs = 1210;
  clock.sample(1200, 6_205_000);
  nowMs = 1500;
  clock.sample(1300, 7_000_000);
  expect([clock.nowUs(), clock.roundTripMs, clock.lastRoundTripMs]).toEqual([6_500_000, 10, 200]);
});

it("an old sample gives way to any new one", () => {
  let nowMs = 0;
  const clock = new ServerClock(() => nowMs);
  nowMs = 10;
  clock.sample(0, 1_000_000);
  nowMs = 200_000;
  clock.sample(199_000, 300_000_000);
  expect(clock.roundTripMs).toBe(1000);
});
