import { expect, it } from "vitest";
import type { LotTerms } from "../schema";
import { ownFigures, readFigure, withFigures } from "./figures";

const terms = (...programme: object[]): LotTerms => ({ currency: "CNY", opening_price: 1, opens_at_us: 0, programme }) as unknown as LotTerms;
const ISSUE = { phase: "multi_unit", supply: 500_000, unit: "t", line_min: 1_000, bidder_max: 250_000 };
const CAPPED = { phase: "english", increments: [], cap_price: 100_000_000 };

it("shows the figures that the phases carry, each once, as they would be typed", () => {
  expect(ownFigures(terms(ISSUE)).map(({ key, own }) => [key, own])).toEqual([
    ["multi_unit.supply", "500000"], ["multi_unit.unit", "t"], ["multi_unit.line_min", "1000"], ["multi_unit.bidder_max", "250000"],
  ]);
  expect(ownFigures(terms(CAPPED, CAPPED)).map(({ key, own }) => [key, own])).toEqual([["english.cap_price", "1000000"]]);
  expect(ownFigures(terms({ phase: "english", increments: [] }))).toEqual([]);
});

it("puts what was typed in the place of the rulebook's figures", () => {
  expect(withFigures(ISSUE as never, { "multi_unit.supply": "1,200", "multi_unit.unit": " 吨 / t " })).toMatchObject({ supply: 1_200, unit: "吨 / t", line_min: 1_000 });
  const weighted = { phase: "offers", award: { rule: "combined_score", price_points: 7_000, points_max: 3_000 } };
  expect(withFigures(weighted as never, { "offers.award.price_points": "62.5" })).toMatchObject({ award: { rule: "combined_score", price_points: 6_250, points_max: 3_000 } });
  expect(withFigures(CAPPED as never, { "english.cap_price": "150万" })).toMatchObject({ cap_price: 150_000_000 });
  expect(withFigures({ phase: "english", increments: [] } as never, { "english.cap_price": "150万" })).not.toHaveProperty("cap_price");
});

it("reads several amounts, and nothing that is none", () => {
  expect(readFigure("amounts", "40万、30万；20万")).toEqual([{ item: 1, opening_price: 40_000_000 }, { item: 2, opening_price: 30_000_000 }, { item: 3, opening_price: 20_000_000 }]);
  for (const text of ["", "40万、x", "0"]) expect(readFigure("amounts", text)).toBeUndefined();
  for (const text of ["", "-1", "1.5", "x"]) expect(readFigure("count", text)).toBeUndefined();
});
