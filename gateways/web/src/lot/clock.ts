// What a bidder wants in a round of a clock, from what was typed: all items together, for the last word of a round counts whole.
// Belongs here: reading, and how far the clock goes. Does not belong here: what takes effect, which the exchange works out.

import type { ParsedAmount } from "../client";
import { counted, money } from "../room/measure";
import type { LotTerms } from "../schema";

type Simultaneous = Extract<LotTerms["programme"][number], { phase: "simultaneous" }>;

export type ItemBid = [item: number, amount: number, quantity: number];

/** What stands in the two fields of an item. */
export interface Typed {
  quantity: string;
  price: string;
}

/** What was typed for an item: so many units, from a price on; 0 is where the clock ends in this round. */
export interface Wanted {
  item: number;
  quantity: ParsedAmount;
  price: ParsedAmount;
}

const WHOLE_BASIS_POINTS = 10_000n;
/** None of an item, and the price at which the clock ends in this round. */
const ZERO: ParsedAmount = { amount: 0 };

/** How far the clock goes in a round that begins at a price. */
export function clockPrice(price: number, terms: Pick<Simultaneous, "increment_basis_points" | "increment_min">): number {
  const share = (BigInt(price) * BigInt(terms.increment_basis_points ?? 0) + WHOLE_BASIS_POINTS - 1n) / WHOLE_BASIS_POINTS;
  return price + Math.max(terms.increment_min ?? 1, Number(share));
}

/** Read the fields of an item: an empty quantity is none of it, an empty price where the clock ends. */
export function wanted(item: number, { quantity, price }: Typed, currency: string): Wanted {
  const many = counted(quantity);
  const from = money(currency).parse(price);
  return {
    item,
    quantity: many.problem === "EMPTY" || many.problem === "ZERO" ? ZERO : many,
    price: from.problem === "EMPTY" ? ZERO : from,
  };
}

/** The most that it can come to in the round: what is given up may be held on to, at no more than the price that was named. */
export function mostOf({ quantity, price }: Wanted, held: number, end: number): number {
  const units = quantity.amount ?? 0;
  return Math.max(units * end, held > units ? held * (price.amount || end) : 0);
}

/** The bids that say what is wanted; null while something cannot be read. Whoever wants nothing says so of one item. */
export function bidsOf(all: readonly Wanted[]): ItemBid[] | null {
  const bids = all.flatMap(({ item, quantity, price }): ItemBid[] => (
    quantity.amount === undefined || price.amount === undefined ? [] : [[item, price.amount, quantity.amount]]));
  if (bids.length < all.length) return null;
  const named = bids.filter(([, amount, quantity]) => amount || quantity);
  return named.length ? named : bids.slice(0, 1);
}

/** What stands in the fields of an item at first: what was said in this round, else what is held. */
export function atFirst(item: number, given: readonly ItemBid[], held: readonly ItemBid[], currency: string): Typed {
  const [, amount, quantity] = (given.length ? given : held.map(([of, , many]): ItemBid => [of, 0, many])).find(([of]) => of === item) ?? [item, 0, 0];
  return { quantity: quantity ? String(quantity) : given.length || held.length ? "0" : "", price: amount ? money(currency).plain(amount) : "" };
}
