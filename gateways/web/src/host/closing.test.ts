import { beforeAll, expect, test } from "vitest";
import type { LotView } from "../schema";
import { addPhrases, setLanguage } from "../texts/language";
import { actsFor, actText, warningHint, whyNotYet } from "./acts";
import { closingSteps, stepNow, type Papers } from "./closing";
import { consequencesOf } from "./consequences";
import { HOST_PHRASES } from "./phrases";

const NOW_US = 1_000_000_000_000;

beforeAll(() => {
  addPhrases(HOST_PHRASES);
  setLanguage("en");
});

function view(changes: Partial<LotView>): LotView {
  const plain = { state: "open", currency: "CNY", price: 0, opening_price: 100, leader: 0, winner: 0, hammer_price: 0, bids: 0, warnings: 0, fair_warnings_min: 2, host_may_hammer: true, has_reserve: false, is_reserve_met: false, opens_at_us: 0, ends_at_us: 0, resumes_at_us: 0, soft_close_window_us: 0, runners_up: [], format: "english", accepts: [] };
  return { ...plain, ...changes } as LotView;
}

const SHUT = { kind: "offers" as const, offers: -1, is_revealed: false, ranking: [] };
const SEALED: Partial<LotView> = { host_may_hammer: false, format: "sealed", ends_at_us: NOW_US + 5_000_000 };

const shown = (changes: Partial<LotView>, quietUs: number | null = null) => closingSteps(view(changes), NOW_US, quietUs).map(({ key, state }) => `${key}:${state}`);

test.each<[string, Partial<LotView>, string[]]>([
  ["before it opens", { state: "announced" }, ["open:now", "bidding:later", "warning_1:later", "warning_2:later", "hammer:later", "next:later"]],
  ["without a bid", {}, ["open:done", "bidding:now", "warning_1:later", "warning_2:later", "hammer:later", "next:later"]],
  ["after a bid", { bids: 1 }, ["open:done", "bidding:done", "warning_1:now", "warning_2:later", "hammer:later", "next:later"]],
  ["after a warning", { bids: 1, warnings: 1 }, ["open:done", "bidding:done", "warning_1:done", "warning_2:now", "hammer:later", "next:later"]],
  ["after enough warnings", { bids: 1, warnings: 2 }, ["open:done", "bidding:done", "warning_1:done", "warning_2:done", "hammer:now", "next:later"]],
  ["knocked down", { bids: 1, state: "knocked_down" }, ["open:done", "bidding:done", "warning_1:done", "warning_2:done", "hammer:done", "sign:now", "next:later"]],
  ["sold", { bids: 1, state: "sold" }, ["open:done", "bidding:done", "warning_1:done", "warning_2:done", "hammer:done", "next:now"]],
  ["frozen", { bids: 1, state: "frozen" }, ["open:done", "resume:now", "bidding:later", "next:later"]],
  ["by the clock", { host_may_hammer: false, ends_at_us: NOW_US + 5_000_000 }, ["open:done", "bidding:now", "clock:later", "next:later"]],
  ["by staff", { host_may_hammer: false }, ["open:done", "staff:now", "next:later"]],
  ["that asks", { host_may_hammer: false, ends_at_us: NOW_US, detail: { kind: "asked", question: "match", accepted: 0, paddles: [3] } }, ["open:done", "asked:now", "clock:later", "next:later"]],
  ["with sealed offers to open", { ...SEALED, detail: SHUT }, ["open:done", "opening:now", "next:later"]],
  ["with offers to score", { ...SEALED, detail: { ...SHUT, is_revealed: true } }, ["open:done", "scoring:now", "next:later"]],
  ["that still takes sealed offers", { ...SEALED, detail: SHUT, accepts: ["seal"] }, ["open:done", "bidding:now", "clock:later", "next:later"]],
])("the steps of a lot %s", (_name, changes, expected) => {
  expect(shown(changes)).toEqual(expected);
});

test("after the hammer the papers come before the next lot, until they were opened; a rehearsal has none", () => {
  const states = (changes: Partial<LotView>, papers?: Papers) => closingSteps(view(changes), NOW_US, null, papers).slice(-3).map(({ key, state }) => `${key}:${state}`);
  expect(states({ bids: 1, state: "knocked_down" }, "waiting")).toEqual(["sign:now", "papers:later", "next:later"]);
  expect(states({ bids: 1, state: "sold" }, "waiting")).toEqual(["hammer:done", "papers:now", "next:later"]);
  expect(states({ bids: 1, state: "passed" }, "opened")).toEqual(["hammer:done", "papers:done", "next:now"]);
  expect(states({ bids: 1, state: "sold" })).toEqual(["warning_2:done", "hammer:done", "next:now"]);
  expect(closingSteps(view({ bids: 1, state: "sold" }), NOW_US, null).at(-1)?.note).toContain("no deposits and no papers");
});

test("a warning says which it is, then that it is one more; the hammer says what is missing", () => {
  expect(actText("fair_warning", view({ warnings: 1 }))).toBe("Fair warning 2 of 2");
  expect(actText("fair_warning", view({ warnings: 2 }))).toBe("Warn once more");
  expect(actText("fair_warning", view({ warnings: 5, host_may_hammer: false }))).toBe("Fair warning 6");
  expect(whyNotYet("hammer", view({ warnings: 1 }))).toBe("1 fair warning is missing.");
  expect(whyNotYet("hammer", view({ warnings: 2 }))).toBe("");
  expect(warningHint(view({ bids: 1, warnings: 2 }))).toContain("only reminds the room");
  expect(warningHint(view({ warnings: 2 }))).toContain("would pass the lot");
  expect(warningHint(view({ host_may_hammer: false }))).toContain("The clock ends this lot");
  expect(actsFor(view({ state: "sold" }))).toEqual([]);
});

test("there is one step in hand at most, and it says why or what comes by itself", () => {
  const timed = closingSteps(view({ host_may_hammer: false, ends_at_us: NOW_US + 65_000_000, soft_close_window_us: 60_000_000 }), NOW_US, null);
  expect(stepNow(timed)?.note).toMatch(/in 00:01:05.*last 00:01:00 extends it/);
  const waiting = closingSteps(view({ bids: 1 }), NOW_US, 2_000_000);
  expect(stepNow(waiting)?.note).toContain("quiet for 2 s, 5 s are advised");
  expect(stepNow(closingSteps(view({ bids: 1 }), NOW_US, 7_000_000))?.note).toContain("Quiet for 7 s");
  const hammer = waiting.find(({ key }) => key === "hammer");
  expect(hammer?.note).toBe("2 fair warnings are missing.");
});

test("what follows is said before it is done", () => {
  expect(consequencesOf("open", view({ state: "announced", bidders: 0 }), { reservePlaces: 0 })[0]).toContain("nobody could bid");
  expect(consequencesOf("resume", view({ state: "frozen" }), { reservePlaces: 0 })).toEqual(["Bids are taken again; the hammer is yours."]);
  expect(consequencesOf("resume", view({ state: "frozen", host_may_hammer: false }), { reservePlaces: 0, promptWithinUs: 1 })).toHaveLength(2);
  const places = { reservePlaces: 0 };
  expect(consequencesOf("hammer", view({ bids: 1, leader: 4, price: 500 }), places)[0]).toContain("Paddle 4 has the lot");
  expect(consequencesOf("hammer", view({ bids: 1, leader: 4, price: 500 }), { reservePlaces: 2 })[0]).toContain("Knocked down to paddle 4");
  expect(consequencesOf("hammer", view({ bids: 1, leader: 1, bidders: 1 }), { reservePlaces: 2 })).toHaveLength(1);
  expect(consequencesOf("hammer", view({ bids: 1, leader: 1, bidders: 2 }), { reservePlaces: 2 })[1]).toContain("Up to 1 runners-up");
  expect(consequencesOf("hammer", view({ bids: 1, leader: 1, bidders: 2 }), places)[1]).toContain("deposits of all others");
  expect(consequencesOf("hammer", view({ bids: 1, has_reserve: true }), places)[0]).toContain("below the reserve");
  const lot = view({ state: "knocked_down", winner: 4, runners_up: [{ paddle: 9, amount: 400 }, { paddle: 2, amount: 300 }] as LotView["runners_up"] });
  expect(consequencesOf("default", lot, places)[1]).toMatch(/Paddle 9 is called at ¥4(\.00)?, .*after that: 1/);
  expect(consequencesOf("default", view({ state: "knocked_down", winner: 4 }), places)[1]).toContain("the lot passes");
  expect(consequencesOf("confirm", lot, places)[1]).toContain("9, 2");
});
