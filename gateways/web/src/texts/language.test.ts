import { beforeEach, describe, expect, it } from "vitest";
import { half, i18n, say, setLanguage } from "./language";
import { PHRASES } from "./phrases";

beforeEach(() => setLanguage("en"));

describe("a name in both languages is read in one", () => {
  const names: [string, string, string][] = [
    ["演示竞买人 1 / Demo bidder 1", "演示竞买人 1", "Demo bidder 1"],
    ["大理州", "大理州", "大理州"],
    ["North / South Ltd", "North / South Ltd", "North / South Ltd"],
    ["甲 / 乙", "甲 / 乙", "甲 / 乙"],
    ["", "", ""],
  ];
  it.each(names)("%s", (name, zh, en) => {
    expect(half(name)).toBe(en);
    setLanguage("zh");
    expect(half(name)).toBe(zh);
  });
});

it("one of something is no plural", () => {
  expect([0, 1, 2].map((n) => say("n_bids", { n }))).toEqual(["0 bids", "1 bid", "2 bids"]);
});

it("every phrase can be said in both languages, with the same values", () => {
  for (const [key, [zh, en]] of Object.entries(PHRASES)) {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
    if (!key.endsWith("_one") && !(`${key}_one` in PHRASES)) expect(names(en), key).toEqual(names(zh));
    for (const [language, text] of [["zh", zh], ["en", en]] as const) {
      i18n.global.locale.value = language;
      const values = Object.fromEntries(names(text).map((name) => [name, `<${name}>`]));
      expect(say(key, values)).toBe(text.replace(/\{(\w+)\}/g, "<$1>"));
    }
  }
});
