import { expect, test } from "vitest";
import type { LotTerms, LotView } from "../schema";
import { outputOf, pointsOf, wantedOf } from "./entries";

const SCORED = { phase: "sealed", award: { rule: "combined_score", price_points: 4000, points_max: 6000 } };
const DRAW = { phase: "draw", beacon: { source: "drand" } };

const wanted = (phase: object, view: object = {}) => wantedOf({ state: "open", phase: 0, bidders: 2, detail: null, ...view } as unknown as LotView, { programme: [phase] } as unknown as LotTerms);

test("staff enter the points of every bidder, and the beacon's round once it is known", () => {
  expect(wanted(SCORED)).toEqual({ kind: "scores", paddles: [1, 2], pointsMax: 6000 });
  expect(wanted(SCORED, { bidders: 0 })).toBeNull();
  expect(wanted({ phase: "offers", award: { rule: "highest" } })).toBeNull();
  expect(wanted(DRAW, { detail: { kind: "drawing", beacon_round: 0 } })).toBeNull();
  expect(wanted(DRAW, { detail: { kind: "drawing", beacon_round: 9 } })).toEqual({ kind: "beacon", round: 9, source: "drand" });
  expect(wanted(DRAW, { state: "frozen", detail: { kind: "drawing", beacon_round: 9 } })).toBeNull();
});

test.each([["60", 6000], ["59.5", 5950], [" 0.05 ", 5], ["60.01", null], ["-1", null], ["1,5", null], ["", null]])("%s points", (text, points) => {
  expect(pointsOf(text, 6000)).toBe(points);
});

test("an output is hexadecimal, however it was copied", () => {
  expect(outputOf(`${"AB ".repeat(16)}\n`)).toBe("ab".repeat(16));
  expect(outputOf("ab".repeat(15))).toBeNull();
  expect(outputOf("xyz")).toBeNull();
});
