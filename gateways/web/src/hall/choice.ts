// Which lots a hall screen shows: those that its address names, else the lots that end soonest.

import { isClosed } from "../client";
import type { LotCard, LotView } from "../schema";

export const SHOWN_MAX = 12;

/** The lots that an address names, as in /hall?lots=3,8; none when it names none. */
export function namedLots(query: string): number[] {
  const named = new URLSearchParams(query).get("lots") ?? "";
  const lots = named.split(",").map(Number).filter((lot) => Number.isInteger(lot) && lot > 0);
  return [...new Set(lots)].slice(0, SHOWN_MAX);
}

/** The address that shows the same lots the other way: one large, or all on a wall. */
export function otherView(query: string): string {
  const wanted = new URLSearchParams(query);
  if (wanted.get("view") === "wall") wanted.delete("view");
  else wanted.set("view", "wall");
  const rest = wanted.toString().replaceAll("%2C", ",");
  return rest ? `/hall?${rest}` : "/hall";
}

/** Order of interest: open lots by their end, then paused ones, then those to come by their opening. */
export function byInterest(one: LotView, other: LotView): number {
  return rank(one) - rank(other) || moment(one) - moment(other) || one.lot - other.lot;
}

/** The lots to show by themselves: under way or to come, the most interesting first. */
export function chosenLots(cards: readonly LotCard[], views: ReadonlyMap<number, LotView>): number[] {
  const known = cards.map((card) => views.get(card.lot) ?? card.view).filter((view) => !isClosed(view));
  return known.sort(byInterest).slice(0, SHOWN_MAX).map((view) => view.lot);
}

function rank(view: LotView): number {
  return { open: 0, frozen: 1, announced: 2 }[view.state as string] ?? 3;
}

function moment(view: LotView): number {
  return (view.state === "announced" ? view.opens_at_us : view.ends_at_us) || Infinity;
}
