import { expect, test } from "vitest";
import type { LotTerms, LotView } from "../schema";
import { outputOf, pointsOf, wantedOf } from "./entries";

const SCORED = { phase: "sealed", award: { rule: "combined_score", price_points: 4000, points_max: 6000 } };
const DRAW = { phase: "draw", beacon: { source: "drand" } };

const wanted = (phase: object, view: object = {}) => wantedOf({ state: "open", phase: 0, bidders: 2, detail: null, ...view } as unknown as LotView, { programme: [phase] } as unknown as LotTerms);

const SHUT = { format: "sealed", accepts: [], detail: { kind: "offers", is_revealed: false } };
const OPEN = { ...SHUT, detail: { kind: "offers", is_revealed: true } };
const POINTS = { kind: "scores", paddles: [1, 2], pointsMax: 6000 };

test("staff enter the beacon's round once it is known", () => {
  expect(wanted(DRAW, { detail: { kind: "drawing", beacon_round: 0 } })).toEqual([]);
  expect(wanted(DRAW, { detail: { kind: "drawing", beacon_round: 9 } })).toEqual([{ kind: "beacon", round: 9, source: "drand" }]);
  expect(wanted(DRAW, { state: "frozen", detail: { kind: "drawing", beacon_round: 9 } })).toEqual([]);
});

test("staff open sealed offers when no more are taken, and enter points before or after, as the terms say", () => {
  const later = { ...SCORED, award: { ...SCORED.award, scores_come: "after_opening" } };
  expect(wanted(SCORED, { ...SHUT, accepts: ["seal"] })).toEqual([POINTS]);
  expect(wanted(SCORED, SHUT)).toEqual([POINTS, { kind: "opening" }]);
  expect(wanted(later, { ...SHUT, accepts: ["seal"] })).toEqual([]);
  expect(wanted(later, SHUT)).toEqual([{ kind: "opening" }]);
  expect(wanted(later, OPEN)).toEqual([POINTS]);
  expect(wanted({ phase: "sealed" }, OPEN)).toEqual([]);
  expect(wanted(SCORED, { ...SHUT, bidders: 0 })).toEqual([]);
  expect(wanted({ phase: "offers", award: { rule: "best_price" } }, { ...SHUT, format: "offers" })).toEqual([]);
});

test.each([["60", 6000], ["59.5", 5950], [" 0.05 ", 5], ["60.01", null], ["-1", null], ["1,5", null], ["", null]])("%s points", (text, points) => {
  expect(pointsOf(text, 6000)).toBe(points);
});

test("an output is hexadecimal, however it was copied", () => {
  expect(outputOf(`${"AB ".repeat(16)}\n`)).toBe("ab".repeat(16));
  expect(outputOf("ab".repeat(15))).toBeNull();
  expect(outputOf("xyz")).toBeNull();
});
