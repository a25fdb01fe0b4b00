import { describe, expect, it } from "vitest";
import { EMPTY_ROOM, NOTHING_OF_ONES_OWN, reduce } from "../client";
import type { LotTerms, LotView, ServerFrame } from "../schema";
import { meaningsOf } from "../lot/answers";
import { countdown } from "../lot/standing";
import { addPhrases, i18n, knows } from "../texts/language";
import { ROOM_PHRASES } from "./phrases";
import schema from "../../schema.json";
import { positionOf } from "./position";
import { isOnlyOffer, linesMax, takesOf, USUAL } from "./takes";

addPhrases(ROOM_PHRASES);
i18n.global.locale.value = "zh";

type Programme = LotTerms["programme"];

const VIEW = { currency: "CNY", direction: "rising", phase: 0, opening_price: 1_000_00, price: 0, format: "offers" } as LotView;
const OFFERS = {
  phase: "offers", base: "opening", least: 0, most: null, unit: 100, revisions_max: 0, least_is_excluded: false, most_is_excluded: false, distinct_amounts: false,
  award: { rule: "combined_score" },
};
const told = (phase: object, view: Partial<LotView> = {}) => takesOf({ ...VIEW, ...view }, [phase] as unknown as Programme).join(" ");

describe("what a phase takes", () => {
  it("an offer that cannot be changed is told so before it is made, with its least amount and how it is won", () => {
    const text = told(OFFERS);
    expect([text.includes("¥1,000"), text.includes("只能报价一次"), text.includes("综合评分") || text.includes("不一定是最高价")]).toEqual([true, true, true]);
    expect([isOnlyOffer(OFFERS as never), isOnlyOffer({ ...OFFERS, revisions_max: 2 } as never)]).toEqual([true, false]);
  });
  it("counts the range from its base, downwards where less is better", () => {
    expect(told({ ...OFFERS, least: 50_00 })).toContain("¥1,050");
    expect(told({ ...OFFERS, least: 50_00 }, { direction: "falling" })).toContain("不高于 ¥950");
    expect(told({ ...OFFERS, base: "absolute", least: 1_250_00, least_is_excluded: true, most: 1_500_00 })).toMatch(/高于 ¥1,250.*不高于 ¥1,500/);
  });
  it("counts units as units", () => {
    const units = { phase: "multi_unit", unit: "t", pricing: "uniform", line_min: 500, lot_size: 100, bidder_max: 2_000, lines_max: 3, price_step: 1, revisions_max: null };
    expect(told(units)).toMatch(/500 吨.*100 吨.*2,000 吨.*3 档.*¥0\.01/);
    expect(linesMax(units as never)).toBe(3);
  });
  it("names what comes next", () => {
    const programme = [{ phase: "english", cap_price: 0 }, { phase: "first_refusal" }] as unknown as Programme;
    expect(takesOf(VIEW, programme).join(" ")).toContain("优先购买权");
  });
  it("has words for every format and way to win", () => {
    const formats = ["dutch", "gong", "debt", "turns", "second_dimension", "draw", "first_refusal", "sell_off", "order_book", "call_auction"];
    const ways = ["best_price", "second_price", "closest_to_average", "combined_score"];
    expect([...formats.map((one) => `how_${one}`), ...ways.map((one) => `how_award_${one}`)].filter((key) => !knows(key))).toEqual([]);
  });
});

it("what is left out of the terms holds here as it does in the exchange", () => {
  const named = Object.values(schema.components.schemas) as unknown as { properties?: Record<string, { default?: unknown; enum?: unknown[]; const?: unknown }> }[];
  for (const [phase, usual] of Object.entries(USUAL)) {
    const properties = named.find(({ properties: of }) => (of?.["phase"]?.enum ?? [of?.["phase"]?.const]).includes(phase) && of?.["resume_countdown_us"])?.properties ?? {};
    for (const [name, value] of Object.entries(usual)) {
      if (name !== "award") expect([phase, name, properties[name]?.default]).toEqual([phase, name, value]);
    }
  }
  expect(takesOf(VIEW, [{ phase: "sealed" }, { phase: "offers" }] as unknown as Programme)).toContain("最优报价竞得。");
});

it("says at a clock what silence means there", () => {
  const view = { ...VIEW, format: "japanese", accepts: ["declare"], detail: { kind: "rounds", number: 2, rounds: 9, price: 1_100_00, turn: 0, is_pause: false } } as LotView;
  const asked = (words: string[], number = 2) => ({ ...view, detail: { ...view.detail, number, words } }) as LotView;
  expect(meaningsOf(asked(["decline"]))).toMatchObject({ words: [{ word: "decline", label: "退出" }], silence: "不答复视为继续。" });
  expect(meaningsOf(asked(["accept", "decline"])).silence).toBe("逾期不答复视为退出。");
  expect(meaningsOf(asked(["accept"], 0)).words.map(({ word }) => word)).toEqual(["accept"]);
  const position = (words: string[]) => positionOf({ ...EMPTY_ROOM, view: { ...asked(words), state: "open" }, you: { ...NOTHING_OF_ONES_OWN, paddle: 1 }, records: [{ sequence: 1, at_us: 1, event: { type: "Declared", paddle: 1, word: "accept" } }, { sequence: 2, at_us: 2, event: { type: "RoundBegan", number: 2, ends_at_us: 9, price: 1, paddle: 0, is_pause: false } }] as never });
  expect([position(["decline"]), position(["accept", "decline"])]).toEqual(["entered", "asked"]);
  expect(countdown({ ...view, state: "open", ends_at_us: 9_000_000, detail: { ...view.detail, number: 0, is_pause: true } } as LotView, 0).label).toBe("entry_ends_in");
});

it("a hidden offer, or a bid on items, is no secret of one's own any more once its phase, turn or round is over", () => {
  const room = { ...EMPTY_ROOM, view: VIEW, offset: 1, you: { paddle: 1, limit: 7, rank: 0, lines: [[5, 1]], handle: "ab", item_bids: [[2, 70, 1]] } } as unknown as typeof EMPTY_ROOM;
  const after = (event: object) => reduce(room, { type: "events", offset: 2, state: VIEW, records: [{ sequence: 2, at_us: 2, event }] } as unknown as ServerFrame).you;
  expect(after({ type: "PhaseBegan", index: 1 })).toMatchObject({ lines: [], handle: "", item_bids: [], limit: 7 });
  expect(after({ type: "RoundClosed", number: 1, items: [] })).toMatchObject({ lines: [[5, 1]], item_bids: [] });
  expect(after({ type: "BidPlaced", paddle: 2, amount: 9 })?.item_bids).toEqual([[2, 70, 1]]);
  expect(after({ type: "RoundBegan", paddle: 2 })?.lines).toEqual([]);
  expect(after({ type: "RoundBegan", paddle: 0 })?.lines).toEqual([[5, 1]]);
});
