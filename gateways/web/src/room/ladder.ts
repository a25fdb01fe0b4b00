// Which amounts a bidder is offered: the asking price, steps beyond it, and when a jump is far enough to ask again.
// Belongs here: arithmetic over what the lot shows. Does not belong here: deciding a bid, which the exchange does.

import type { LotView } from "../schema";

/** Steps beyond the asking price; a rung's count includes the asking price itself, so +1 is 2. */
const BEYOND = [1, 2, 5] as const;
const FAR_STEPS = 10;
const FAR_SHARE = 0.1;

/** Where the price itself is called, there is nothing to bid beyond it. */
const CALLED: ReadonlySet<string> = new Set(["dutch", "sell_off"]);

export interface Rung {
  /** How many steps from the leading price; the asking price is the first. */
  count: number;
  beyond: number;
  amount: number;
  /** The lot's largest raise does not reach so far. */
  isTooFar: boolean;
}

/** Which way amounts improve: 1 upwards, -1 where less is better. */
export function way(view: LotView): 1 | -1 {
  return view.direction === "falling" && view.detail?.kind !== "dimension" ? -1 : 1;
}

/** So many steps from the leading price; the first is the asking price. */
export function amountAt(view: LotView, count: number): number {
  return view.asking_price + way(view) * (count - 1) * view.increment;
}

/** The rungs beyond the asking price, as the running format allows. */
export function rungs(view: LotView): Rung[] {
  if (!view.increment || CALLED.has(view.format)) return [];
  return BEYOND
    .map((beyond) => ({ count: beyond + 1, beyond, amount: amountAt(view, beyond + 1), isTooFar: view.raise_steps_max > 0 && beyond > view.raise_steps_max }))
    .filter(({ amount }) => amount > 0);
}

/** Beyond this an amount is asked about again, because it may be a slip. */
export function farFrom(view: LotView): number {
  const reach = view.increment ? FAR_STEPS * view.increment : Math.ceil(view.asking_price * FAR_SHARE);
  return Math.max(0, view.asking_price + way(view) * reach);
}

/** Whether an amount lies so far beyond the asking price that it may be a slip. */
export function isFar(view: LotView, amount: number): boolean {
  return way(view) * (amount - farFrom(view)) > 0;
}

/** What is wrong with an amount as far as the page can tell: not good enough, or between two steps. */
export type Doubt = { kind: "short" } | { kind: "between"; below: number; above: number };

/** The doubt about an amount; null for none. `isLimit` is for a max bid, which need not be better than asked. */
export function doubtOf(view: LotView, amount: number, { isLimit = false } = {}): Doubt | null {
  const over = way(view) * (amount - view.asking_price);
  if (over < 0) return isLimit ? null : { kind: "short" };
  const rest = view.increment && view.bid_rule === "step_multiple" ? over % view.increment : 0;
  if (!rest) return null;
  const near = amount - way(view) * rest;
  return { kind: "between", below: near, above: near + way(view) * view.increment };
}
