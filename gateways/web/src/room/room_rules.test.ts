import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EMPTY_ROOM, NOTHING_OF_ONES_OWN, type Answer, type Room } from "../client";
import type { LotView, PublicRecord } from "../schema";
import { Announcer, OTHER_EVERY_MS, POLITE_EVERY_MS } from "./announcer";
import { doubtOf, farFrom, isFar, rungs } from "./ladder";
import { measureOf } from "./measure";
import { positionOf, type Position } from "./position";
import { qualityOf } from "./quality";
import { remedyFor } from "./remedy";
import { shortcutOf } from "./shortcuts";
import { grouped, withUnit } from "./typing";
import { addressOf, lotsOf, together } from "./wall";

const VIEW = {
  lot: 1, state: "open", currency: "CNY", format: "english", direction: "rising", price: 100_00, leader: 2, asking_price: 110_00, increment: 10_00,
  bid_rule: "step_multiple", raise_steps_max: 0, winner: 0, bids: 3, accepts: ["bid"], detail: null, awards: [],
} as unknown as LotView;
const YOU = { ...NOTHING_OF_ONES_OWN, paddle: 1 };

function bid(sequence: number, paddle: number): PublicRecord {
  return { sequence, at_us: sequence, event: { type: "BidPlaced", paddle, amount: 100_00, is_proxy: false } };
}

describe("the ladder", () => {
  it("offers the next steps, and marks those that the largest raise does not reach", () => {
    expect(rungs({ ...VIEW, raise_steps_max: 2 }).map(({ count, amount, isTooFar }) => [count, amount, isTooFar])).toEqual([[2, 120_00, false], [3, 130_00, false], [6, 160_00, true]]);
  });
  it("goes down where less is better, never to nothing", () => {
    expect(rungs({ ...VIEW, direction: "falling", asking_price: 25_00 }).map(({ amount }) => amount)).toEqual([15_00, 5_00]);
  });
  it("has no rungs where the price is called", () => expect(rungs({ ...VIEW, format: "dutch" })).toEqual([]));
  it("asks again beyond ten steps, or a tenth where there are none", () => {
    expect([farFrom(VIEW), isFar(VIEW, 210_00), isFar(VIEW, 210_01)]).toEqual([210_00, false, true]);
    expect(farFrom({ ...VIEW, increment: 0 })).toBe(121_00);
    expect(isFar({ ...VIEW, direction: "falling" }, 9_99)).toBe(true);
  });
  it("doubts what is short or between steps", () => {
    expect(doubtOf(VIEW, 109_99)).toEqual({ kind: "short" });
    expect(doubtOf(VIEW, 109_99, { isLimit: true })).toBeNull();
    expect(doubtOf(VIEW, 115_00)).toEqual({ kind: "between", below: 110_00, above: 120_00 });
    expect(doubtOf({ ...VIEW, bid_rule: "free" }, 115_00)).toBeNull();
  });
});

it("a second dimension is counted in its unit, and read as whole numbers", () => {
  const measure = measureOf({ ...VIEW, detail: { kind: "dimension", unit: "㎡", price: 1, cap: 0, quantity: 0 } } as unknown as LotView);
  expect([measure.text(12_500), measure.parse("12,500"), measure.parse("1.5"), measure.parse("x")]).toEqual(["12,500 ㎡", { amount: 12_500 }, { problem: "TOO_FINE" }, { problem: "NOT_AN_AMOUNT" }]);
  expect(measureOf(VIEW).readBack(12_800_00, "zh-CN")).toEqual(["¥12,800.00", "¥1.28万", "壹万贰仟捌佰元整"]);
});

describe("one's position", () => {
  const cases: [Position, Partial<Room>, Partial<LotView>][] = [
    ["watching", { you: null }, {}],
    ["none", { records: [bid(1, 2)] }, {}],
    ["behind", { records: [bid(9, 2)] }, {}],
    ["outbid", { records: [bid(8, 1), bid(9, 2)] }, {}],
    ["outbid", { you: { ...YOU, limit: 5 } }, {}],
    ["leading", {}, { leader: 1 }],
    ["offered", { you: { ...YOU, lines: [[5, 1]] } }, { bids: 0 }],
    ["entered", { records: [{ sequence: 9, at_us: 9, event: { type: "Declared", paddle: 1, word: "accept" } }] }, { bids: 0 }],
    ["none", {}, { format: "order_book", leader: 2, bids: 40 }],
    ["asked", {}, { format: "first_refusal", accepts: ["declare"], detail: { kind: "asked", question: "match", accepted: 0, paddles: [1] } }],
    ["behind", { records: [bid(9, 2)] }, { format: "first_refusal", accepts: ["declare"], detail: { kind: "asked", question: "match", accepted: 0, paddles: [3] } }],
    ["left", { records: [{ sequence: 9, at_us: 9, event: { type: "Declared", paddle: 1, word: "decline" } }] }, { format: "interval", bids: 0, accepts: ["declare"], detail: { kind: "asked", question: "go_on", accepted: 0, paddles: [] } }],
    ["turn", {}, { format: "turns", leader: 1, detail: { kind: "rounds", number: 1, rounds: 3, price: 1, turn: 1, is_pause: false, words: [] } }],
    ["leading", {}, { format: "turns", leader: 1, detail: { kind: "rounds", number: 1, rounds: 3, price: 1, turn: 2, is_pause: false, words: [] } }],
    ["leading", {}, { format: "debt", leader: 0, detail: { kind: "items", number: 1, items: [[1, 2, 5], [2, 1, 5]], open_items: [1, 2] } as never }],
    ["offered", { you: { ...YOU, item_bids: [[1, 5, 1]] } }, { format: "simultaneous", detail: { kind: "items", number: 1, items: [[1, 2, 5]], open_items: [1] } as never }],
    ["entered", { you: { ...YOU, held: [[1, 5, 4]] } }, { format: "simultaneous", detail: { kind: "items", number: 1, items: [[1, 2, 5]], open_items: [1] } as never }],
    ["won", {}, { state: "sold", winner: 1 }],
    ["won", {}, { state: "sold", awards: [{ paddle: 1, quantity: 1, amount: 1, price: 0, item: 0 }] }],
    ["lost", {}, { state: "sold", winner: 2 }],
    ["over", {}, { state: "passed" }],
  ];
  it.each(cases)("%s", (position, room, view) => expect(positionOf({ ...EMPTY_ROOM, you: YOU, ...room, view: { ...VIEW, ...view } })).toBe(position));
});

it("the connection is as good as its answers are quick and its server is heard", () => {
  expect([qualityOf("live", 40, 0), qualityOf("live", 400, 0), qualityOf("live", 40, 13_000), qualityOf("live", 900, 0), qualityOf("live", null, 20_000), qualityOf("recovering", 1, 0)])
    .toEqual(["good", "fair", "fair", "poor", "poor", "none"]);
});

describe("digits are grouped while they are typed", () => {
  const typed: [string, number, string, number][] = [
    ["1234", 4, "1,234", 5], ["1,2345", 6, "12,345", 6], ["12345", 2, "12,345", 2], ["1,234", 1, "1,234", 1], ["1234.5", 6, "1,234.5", 7],
    ["1234万", 5, "1,234万", 6], ["1.28万", 5, "1.28万", 5], ["¥1234", 5, "¥1,234", 6], ["12x", 3, "12x", 3], ["1亿2000万", 7, "1亿2000万", 7], ["", 0, "", 0], ["0012", 4, "12", 2],
  ];
  it.each(typed)("%s", (text, caret, shown, at) => expect(grouped(text, caret)).toEqual({ text: shown, caret: at }));
  it("a unit comes and goes", () => expect([withUnit("12", "万"), withUnit("12万", "万"), withUnit("12万", "亿"), withUnit("", "万")]).toEqual(["12万", "12", "12亿", ""]));
});

describe("what to do about a refusal", () => {
  const refusal = (code: string, more = {}) => ({ type: "refusal", id: "", lot: 1, code, retryable: false, asking_price: 0, increment: 0, largest: 0, missing: 0, detail: "", ...more }) as Answer;
  it("bids what is asked for now, not what was asked for then", () => {
    expect(remedyFor(refusal("BELOW_ASKING_PRICE", { asking_price: 105_00 }), 90_00, VIEW)).toEqual({ kind: "bid", amounts: [110_00] });
  });
  it("bids a step below or above", () => expect(remedyFor(refusal("NOT_ON_STEP"), 115_00, VIEW)).toEqual({ kind: "bid", amounts: [110_00, 120_00] }));
  it("bids the largest raise", () => expect(remedyFor(refusal("ABOVE_LARGEST_RAISE", { largest: 150_00 }), 999_00, VIEW)).toEqual({ kind: "bid", amounts: [150_00] }));
  it("asks again under the same id", () => expect(remedyFor({ type: "error", code: "BUSY", retryable: true, detail: "", id: "x" }, 1, VIEW)).toEqual({ kind: "again" }));
  it("offers nothing once bidding is over", () => expect(remedyFor(refusal("BELOW_ASKING_PRICE"), 1, { ...VIEW, state: "sold" })).toEqual({ kind: "none" }));
});

describe("an announcer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  it("speaks at once, then not before its time, and then of the latest", () => {
    const said: string[] = [];
    const announcer = new Announcer((text) => said.push(text), () => Date.now());
    for (const text of ["one", "two", "three"]) announcer.tell(text);
    expect(said).toEqual(["one"]);
    vi.advanceTimersByTime(POLITE_EVERY_MS);
    expect(said).toEqual(["one", "three"]);
    announcer.tell("four");
    announcer.stop();
    vi.advanceTimersByTime(POLITE_EVERY_MS * 2);
    expect(said).toEqual(["one", "three"]);
  });
  it("lets something else interrupt, but not again and again", () => {
    const said: string[] = [];
    const announcer = new Announcer((text) => said.push(text), () => Date.now());
    announcer.tell("leading", "good");
    announcer.tell("outbid at 1", "bad");
    expect(said).toEqual(["leading"]);
    vi.advanceTimersByTime(OTHER_EVERY_MS);
    expect(said).toEqual(["leading", "outbid at 1"]);
    for (let price = 2; price < 200; price += 1) {
      announcer.tell(`outbid at ${price}`, "bad");
      vi.advanceTimersByTime(20);
    }
    expect(said).toEqual(["leading", "outbid at 1"]);
    vi.advanceTimersByTime(POLITE_EVERY_MS);
    expect(said).toEqual(["leading", "outbid at 1", "outbid at 199"]);
    vi.advanceTimersByTime(POLITE_EVERY_MS);
    expect(said).toHaveLength(3);
  });
});

it("lots shown together are in the address, each once, within bounds", () => {
  expect(lotsOf("?lots=3,8,3,x,0,-1,12,99999999999999999999")).toEqual([3, 8, 12]);
  expect(addressOf([3, 8])).toBe("/room?lots=3,8");
  expect([together(5), together(undefined), together(500)]).toEqual([5, 24, 24]);
});

it("no key bids, and none acts while somebody types", () => {
  const press = (key: string, more = {}) => shortcutOf({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, target: null, ...more });
  expect([press("?"), press("B"), press("Enter"), press("b", { ctrlKey: true }), press("b", { target: { tagName: "INPUT" } })]).toEqual(["help", "asking", null, null, null]);
});
