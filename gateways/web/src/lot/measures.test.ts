import { expect, it } from "vitest";
import type { LotTerms, LotView, PublicRecord } from "../schema";
import { dimensionOf, formatsOf, measuresOf } from "./measures";
import { recordText } from "./records";
import { priceText } from "./standing";

const VIEW = { phase: 1, currency: "CNY", price: 10_300_00, state: "open", detail: { kind: "dimension", price: 10_300_00, unit: "㎡", cap: 0, quantity: 1_200 }, awards: [] } as unknown as LotView;
const PROGRAMME = [{ phase: "english" }, { phase: "second_dimension", unit: "㎡" }, { phase: "draw" }] as unknown as LotTerms["programme"];

function began(sequence: number, index: number): PublicRecord {
  return { sequence, at_us: 1, event: { type: "PhaseBegan", index, ends_at_us: 0 } } as PublicRecord;
}

it("counts in what was bid at the time, with and without the programme", () => {
  const records = [began(2, 0), began(9, 1)];
  for (const programme of [PROGRAMME, undefined]) {
    const at = measuresOf(records, VIEW, programme);
    expect([3, 8, 9, 12].map((sequence) => at(sequence).text(50_000))).toEqual(["¥500", "¥500", "50,000 ㎡", "50,000 ㎡"]);
  }
  const later = measuresOf([began(30, 2)], { ...VIEW, phase: 2, detail: null }, PROGRAMME);
  expect([later(29).unit, later(31).unit]).toEqual(["㎡", ""]);
  expect(measuresOf([], VIEW, PROGRAMME)(700).unit).toBe("㎡");
});

it("says what leads, and what was sold with what", () => {
  expect(priceText(VIEW)).toBe("1,200 ㎡");
  expect(priceText({ ...VIEW, state: "sold", winner: 2, hammer_price: 10_300_00, hammer_quantity: 1_200 } as LotView)).toBe("¥10,300 + 1,200 ㎡");
  const sold = { sequence: 40, at_us: 1, event: { type: "LotSold", paddle: 2, price: 10_300_00, by: 0, quantity: 1_200 } } as PublicRecord;
  expect(recordText(sold, "CNY", String, { dimension: dimensionOf({ detail: null }, PROGRAMME) })).toContain("1,200 ㎡");
});

it("says what was inside offers that were opened, of each", () => {
  const opened = (offers: object[]) => recordText({ sequence: 11, at_us: 1, event: { type: "OffersRevealed", offers, by: 0 } } as unknown as PublicRecord, "CNY", String);
  expect(opened([{ paddle: 1, lines: [[9_800_00, 1]] }, { paddle: 3, lines: [] }])).toMatch(/Paddle 1 ¥9,800 · Paddle 3 does not count$/);
  expect(opened([{ paddle: 1, lines: [[9_800_00, 20]] }])).not.toContain("9,800");
  expect(opened(Array.from({ length: 21 }, (_, index) => ({ paddle: index + 1, lines: [[9_800_00, 1]] })))).not.toContain("9,800");
});

it("calls a stage of a procedure by what it is, and only a round a round", () => {
  const programme = [{ phase: "sealed" }, { phase: "simultaneous" }, { phase: "draw" }, { phase: "multi_unit" }] as unknown as LotTerms["programme"];
  const records = [began(1, 0), began(11, 1), began(21, 2), began(31, 3)];
  const at = formatsOf(records, { ...VIEW, phase: 3, format: "multi_unit" }, programme);
  const told = (sequence: number, number: number) => recordText({ sequence, at_us: 1, event: { type: "RoundBegan", number, ends_at_us: 0, price: 0, paddle: 0, is_pause: false } } as PublicRecord, "CNY", String, { format: at(sequence) });
  expect(told(2, 1)).toContain("being opened");
  expect(told(3, 2)).toContain("experts");
  expect([told(12, 1), told(12, 2)]).toEqual([expect.stringMatching(/^Round 1/), expect.stringMatching(/^Round 2/)]);
  expect([22, 23, 24].map((sequence) => told(sequence, sequence - 17))).toEqual([expect.stringContaining("show"), expect.stringContaining("beacon"), expect.stringContaining("commit")]);
  expect(told(32, 4_711)).toContain("round 4711 of the public beacon");
  expect(formatsOf([], { ...VIEW, phase: 0, format: "sealed" } as LotView)(9)).toBe("sealed");
});

it("says of who leaves a clock that he leaves, and of who says no elsewhere that he gives up", () => {
  const declined = { sequence: 1, at_us: 1, event: { type: "Declared", paddle: 2, word: "decline" } } as PublicRecord;
  expect(recordText(declined, "CNY", String, { format: "japanese" })).toMatch(/Leave$/);
  expect(recordText(declined, "CNY", String, { format: "interval" })).toContain("No");
});
