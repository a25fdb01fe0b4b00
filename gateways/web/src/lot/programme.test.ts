import { describe, expect, it } from "vitest";
import samples from "../../samples.json";
import type { LotTerms } from "../schema";
import { setLanguage } from "../texts/language";
import { DEFAULTS, phaseRows } from "./programme";

const MISSING = /[a-z]+_[a-z_]+|undefined|null|NaN|[{}]/;
const terms = samples.terms as unknown as LotTerms[];

describe.each(["zh", "en"] as const)("every format is told in words: %s", (language) => {
  const phases = terms.flatMap(({ programme, currency }) => programme.map((phase) => ({ phase, currency })));
  it.each(phases)("$phase.phase", ({ phase, currency }) => {
    setLanguage(language);
    const rows = phaseRows(phase, currency);
    expect(rows.length).toBeGreaterThan(0);
    for (const { label, lines } of rows) {
      expect(lines.join("")).not.toBe("");
      expect([label, ...lines].join(" ")).not.toMatch(MISSING);
    }
  });
});

it("what terms leave out is shown as the rules have it", () => {
  const rules = samples.defaults as Record<string, Record<string, unknown>>;
  expect(Object.keys(DEFAULTS).sort()).toEqual(Object.keys(rules).sort());
  for (const [format, shown] of Object.entries(DEFAULTS)) {
    for (const [field, value] of Object.entries(shown)) expect(value, `${format}.${field}`).toEqual(rules[format]?.[field]);
  }
});
