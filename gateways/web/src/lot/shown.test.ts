import { expect, it } from "vitest";
import { EMPTY_ROOM, NOTHING_OF_ONES_OWN, type Room } from "../client";
import { money } from "../room/measure";
import type { LotView, PublicRecord } from "../schema";
import { blocksOf } from "./records";
import { subjectOf } from "./shown";

const VIEW = { lot: 1, state: "open", phase: 0, format: "english", currency: "CNY", price: 100, asking_price: 110, leader: 2, winner: 0, warnings: 0, extensions: 0, ends_at_us: 9, accepts: ["bid"], detail: null } as unknown as LotView;
const ROOM: Room = { ...EMPTY_ROOM, view: VIEW, you: { ...NOTHING_OF_ONES_OWN, paddle: 1 } };

function bid(sequence: number): PublicRecord {
  return { sequence, at_us: sequence, event: { type: "BidPlaced", bidder: 1, paddle: 3, amount: sequence, is_proxy: false } } as PublicRecord;
}

it.each<[string, Partial<LotView>, Partial<Room>]>([
  ["price", { price: 110, asking_price: 120, leader: 3, bids: 7 }, { records: [bid(5)] }],
  ["mine", { price: 110, leader: 1 }, {}],
  ["outbid", { price: 110, leader: 3 }, { outbid: { price: 110, asking: 120 } }],
  ["extended", { price: 110, extensions: 1, ends_at_us: 20 }, {}],
  ["warning", { warnings: 1 }, {}],
  ["hammer", { state: "sold", winner: 2 }, {}],
  ["stage", { state: "frozen" }, {}],
  ["stage", { phase: 1, format: "second_dimension" }, {}],
  ["stage", { ends_at_us: 20 }, {}],
  ["stage", { accepts: ["bid", "declare"] }, {}],
  ["place", {}, { you: { ...NOTHING_OF_ONES_OWN, paddle: 1, limit: 500 } }],
])("what is most urgent is named: %s", (subject, view, room) => {
  expect(subjectOf(ROOM, { ...ROOM, view: { ...VIEW, ...view }, ...room })).toBe(subject);
});

it("only the part of a course in which something is new is drawn again", () => {
  const records = Array.from({ length: 100 }, (_, index) => bid(index + 1));
  const before = blocksOf(records, () => money("CNY"));
  const after = blocksOf([...records, bid(101)], () => money("CNY"), before);
  expect(after.map((block, index) => block === before[index])).toEqual([false, true, true]);
  expect(after.flatMap(({ entries }) => entries.map(({ record }) => record.sequence))).toEqual(Array.from({ length: 101 }, (_, index) => 101 - index));
  const recounted = blocksOf([...records, bid(101)], ({ sequence }) => money(sequence > 90 ? "JPY" : "CNY"), after);
  expect(recounted.map((block, index) => block === after[index])).toEqual([false, true, true]);
});
