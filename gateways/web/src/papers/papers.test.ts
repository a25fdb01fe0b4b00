import { beforeAll, expect, test } from "vitest";
import type { LinkedRecord } from "../schema";
import { addPhrases, setLanguage } from "../texts/language";
import { bidsIn, buyersOf, endOf, hostsOf, linesOf, openedAtUs, paperNumber } from "./papers";
import { PAPER_PHRASES } from "./phrases";
import type { Reading } from "./reading";

beforeAll(() => {
  addPhrases(PAPER_PHRASES);
  setLanguage("en");
});

const EVENTS = [
  [{ type: "LotOpened", by: 7 }, "安 / An"],
  [{ type: "PhaseBegan", index: 0, ends_at_us: 0 }, ""],
  [{ type: "BidPlaced", paddle: 1, amount: 1_000_000, is_proxy: false }, ""],
  [{ type: "MaxBidLeft", paddle: 2, limit: 9_000_000 }, ""],
  [{ type: "BidPlaced", paddle: 2, amount: 1_100_000, is_proxy: true }, ""],
  [{ type: "PhaseBegan", index: 1, ends_at_us: 0 }, ""],
  [{ type: "BidPlaced", paddle: 1, amount: 1_200, is_proxy: false }, ""],
  [{ type: "LotSold", paddle: 1, price: 1_100_000, by: 7, quantity: 1_200 }, "安 / An"],
] as const;

function reading(view: object = {}): Reading {
  const records = EVENTS.map(([event, name], index) => ({ sequence: index + 1, at_us: (index + 1) * 1_000_000, event, link: `${index}`.repeat(64), by_name: name })) as unknown as LinkedRecord[];
  const programme = [{ phase: "english" }, { phase: "second_dimension", unit: "㎡" }];
  const sold = { winner: 1, hammer_price: 1_100_000, hammer_quantity: 1_200, awards: [], currency: "CNY", phase: 1, detail: null };
  const person = (paddle: number, name: string) => ({ paddle, name, partners: [], number: "", representative: "", agent: "" });
  return {
    lot: { lot: 5, code: "LC-5", currency: "CNY", terms: { programme }, view: { ...sold, ...view } },
    records,
    hasMore: false,
    participants: { lot: 5, total: 2, participants: [person(1, "甲"), person(2, "乙")] },
    refusals: { lot: 5, total: 0, is_all: true, reasons: [] },
  } as unknown as Reading;
}

test("the course tells every record that has something to tell, each bid in what was bid", () => {
  const lines = linesOf(reading(), true);
  expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 5, 6, 7, 8]);
  expect(lines.filter(({ amount }) => amount).map(({ amount }) => amount)).toEqual(["¥10,000", "¥11,000", "1,200 ㎡"]);
  expect(lines[3]?.text).toBe("Paddle 2 bids, by max bid");
  expect(lines[0]?.text).toContain("An");
  expect(linesOf(reading(), false).map(({ sequence }) => sequence)).toEqual([1, 2, 6, 8]);
});

test("who buys, and for how much, is told with the name; nobody buys what passed", () => {
  expect(buyersOf(reading())).toMatchObject([{ paddle: 1, amount: 1_100_000, quantity: "1,200 ㎡", who: { name: "甲" } }]);
  expect(buyersOf(reading({ winner: 0 }))).toEqual([]);
  const awards = [{ paddle: 2, quantity: 30, amount: 600, price: 20, item: 0 }, { paddle: 1, quantity: 30, amount: -600, price: 20, item: 0 }, { paddle: 9, quantity: 1, amount: 5, price: 0, item: 3 }];
  expect(buyersOf(reading({ winner: 0, awards })).map(({ paddle, quantity, who }) => [paddle, quantity, who.name])).toEqual([[2, "30", "乙"], [9, "item 3, quantity 1", ""]]);
});

test("a paper rests on the record that ended the lot", () => {
  const { lot, records } = reading();
  expect(endOf(records)?.sequence).toBe(8);
  expect(paperNumber(lot, endOf(records))).toBe("LC-5-8");
  expect([bidsIn(records), openedAtUs(records), hostsOf(records)]).toEqual([3, 1_000_000, ["An"]]);
});
