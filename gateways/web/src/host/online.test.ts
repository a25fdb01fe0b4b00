import { expect, test } from "vitest";
import type { Presence } from "../client";
import { biddersOf } from "./online";

const NOW_US = 100_000_000;

function presence(...online: [paddle: number, rtt: number, silentSeconds: number][]): Presence {
  return { bidders: online.length, watchers: 9, online: online.map(([paddle, rtt_ms, silent]) => ({ paddle, rtt_ms, heard_at_us: NOW_US - silent * 1_000_000 })) };
}

test("bidders are judged by round trip and silence, the worst first", () => {
  const found = biddersOf(presence([1, 20, 0], [2, 200, 1], [3, 900, 0], [4, 30, 26], [5, 0, 0]), 5, new Map(), NOW_US);
  expect(found.map(({ paddle, quality }) => `${paddle} ${quality}`)).toEqual(["4 silent", "3 poor", "2 fair", "5 unmeasured", "1 good"]);
});

test("who is admitted and not there is offline, with when he was last heard if that is known", () => {
  const found = biddersOf(presence([2, 20, 0]), 3, new Map([[1, 90]]), NOW_US);
  expect(found.map(({ paddle, quality, heardAtUs }) => [paddle, quality, heardAtUs])).toEqual([[1, "offline", 90], [3, "offline", 0], [2, "good", NOW_US]]);
});

test("nobody is called offline while not everybody there is named, or before anything is known", () => {
  const some = { ...presence([1, 20, 0]), bidders: 400 };
  expect(biddersOf(some, 500, new Map(), NOW_US)).toHaveLength(1);
  expect(biddersOf(null, 5, new Map(), NOW_US)).toEqual([]);
});
