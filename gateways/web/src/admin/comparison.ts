// Two rulebooks side by side: which figures they share, and where they differ.

import type { Explanation } from "../schema";
import type { BothLanguages } from "../texts/language";

export type Limit = Explanation["limits"][number];

/** One parameter in both rulebooks; null where a rulebook leaves it open. */
export interface Side {
  key: string;
  name: BothLanguages;
  left: Limit | null;
  right: Limit | null;
  isDifferent: boolean;
}

/** All parameters that either rulebook limits, in the order of the left one, then those of the right one alone. */
export function sides(left: Explanation, right: Explanation): Side[] {
  const keyed = (book: Explanation): Map<string, Limit> => new Map(book.limits.map((limit) => [`${limit.parameter} ${[...(limit.categories ?? [])].sort().join()}`, limit]));
  const [ofLeft, ofRight] = [keyed(left), keyed(right)];
  return [...new Set([...ofLeft.keys(), ...ofRight.keys()])].map((key) => {
    const [one, other] = [ofLeft.get(key) ?? null, ofRight.get(key) ?? null];
    return { key, name: (one ?? other)!.name, left: one, right: other, isDifferent: figures(one) !== figures(other) };
  });
}

/** What counts in a comparison: the figures, not where they are written. */
function figures(limit: Limit | null): string {
  return limit === null ? "" : `${limit.allowed.en}|${limit.default.en}`;
}
