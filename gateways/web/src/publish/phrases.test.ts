import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { PHRASES } from "../texts/phrases";
import { CATEGORIES } from "./draft";
import { PUBLISH_PHRASES, sureKey } from "./phrases";

const HERE = "src/publish";

it("has a phrase for everything that the page says", () => {
  const texts = [...readdirSync(HERE).filter((name) => name.endsWith(".vue")).map((name) => `${HERE}/${name}`), "src/finance/FileDrop.vue"]
    .map((file) => readFileSync(file, "utf8"));
  const said = texts.flatMap((text) => [...text.matchAll(/say\(\s*["']([a-z_]+)["']/g)].map((match) => match[1]!));
  const composed = [
    ...CATEGORIES.map((one) => `category_${one}`),
    ...["announced", "open", "frozen", "sold", "passed", "withdrawn"].map((one) => `state_${one}`),
    ...["verified", "second-hand", "to be checked"].map((one) => `sure_${sureKey(one)}`),
    ...["call_auction", "debt", "draw", "dutch", "english", "first_refusal", "gong", "interval", "japanese", "multi_unit", "offers", "order_book", "sealed",
      "second_dimension", "sell_off", "simultaneous", "turns"].map((one) => `format_${one}`),
    ...["EMPTY", "NOT_AN_AMOUNT", "TOO_FINE", "TOO_LARGE"].map((one) => `amount_${one}`),
  ];
  const known = { ...PHRASES, ...PUBLISH_PHRASES };
  expect([...said, ...composed].filter((key) => !(key in known))).toEqual([]);
});
