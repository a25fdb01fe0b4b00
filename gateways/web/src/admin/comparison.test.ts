import { expect, it } from "vitest";
import type { Explanation } from "../schema";
import { sides } from "./comparison";

function limit(parameter: string, allowed: string, more: object = {}): Explanation["limits"][number] {
  const both = { zh: allowed, en: allowed };
  return { parameter, name: { zh: parameter, en: parameter }, default: both, allowed: both, article: { zh: "", en: "" }, sure: "verified", categories: [], ...more };
}

const book = (...limits: Explanation["limits"][number][]): Explanation => ({ limits }) as unknown as Explanation;

it("lays the same parameter of two rulebooks side by side and tells where they differ", () => {
  const left = book(limit("deposit", "20 %"), limit("notice", "20 days"));
  const right = book(limit("notice", "20 days", { article: { zh: "另一条", en: "elsewhere" } }), limit("commission", "0 %"));
  expect(sides(left, right).map(({ key, left: one, right: other, isDifferent }) => [key.trim(), one !== null, other !== null, isDifferent])).toEqual([
    ["deposit", true, false, true],
    ["notice", true, true, false],
    ["commission", false, true, true],
  ]);
});

it("keeps limits of different kinds of things apart", () => {
  const left = book(limit("deposit", "20 %", { categories: ["land"] }), limit("deposit", "10 %"));
  expect(sides(left, book(limit("deposit", "10 %"))).map(({ isDifferent }) => isDifferent)).toEqual([true, false]);
});
