// Which figures a lot shows beside its clock: those that its running format has, and no empty ones.
// Belongs here: choosing and naming them. Does not belong here: what they are worth (`standing`), drawing them.

import { isClosed } from "../client";
import { measureOf } from "../room/measure";
import type { LateReserve, LotView } from "../schema";
import { say } from "../texts/language";
import { reserveTime } from "./late_reserve";
import { leaderText } from "./standing";

export interface Figure {
  id: "leader" | "asking";
  label: string;
  text: string;
}

/** Formats in which nobody leads before all is decided, or everybody has a part. */
export const LEADERLESS: ReadonlySet<string> = new Set(["multi_unit", "order_book", "call_auction", "simultaneous", "debt", "sealed", "draw"]);
/** Formats whose asking price is the called price, or no price at all. */
const UNASKED: ReadonlySet<string> = new Set([...LEADERLESS, "dutch", "japanese", "offers", "first_refusal", "interval"]);

/** The figures beside price and clock; `paddle` is one's own, 0 for none. */
export function figuresOf(view: LotView, paddle: number): Figure[] {
  const isOver = isClosed(view);
  const figures: Figure[] = [];
  const hasLeader = view.winner > 0 || (view.leader > 0 && !isOver);
  if (hasLeader || (!isOver && !LEADERLESS.has(view.format) && !UNASKED.has(view.format))) {
    figures.push({ id: "leader", label: say(isOver ? "winner" : "leader"), text: leaderText(view, paddle) });
  }
  if (!isOver && view.asking_price && !UNASKED.has(view.format) && !isOutOfTurn(view, paddle)) {
    figures.push({ id: "asking", label: say(view.direction === "falling" && measureOf(view).isMoney ? "asking_price_most" : "asking_price"), text: measureOf(view).text(view.asking_price) });
  }
  return figures;
}

/** In turns the asking price is that of whoever has the turn, and nobody else's. */
function isOutOfTurn({ format, detail }: LotView, paddle: number): boolean {
  return format === "turns" && detail?.kind === "rounds" && detail.turn !== paddle;
}

/** What the reserve means for whoever looks at the lot, and what happens next; empty where there is nothing to say. */
export function reserveText(view: LotView, late?: LateReserve | null, nowUs: number | null = null): string {
  if (isClosed(view)) return "";
  if (view.takes_late_reserve) return say(late && reserveTime(late, view, nowUs).when === "missed" ? "reserve_late_missed" : "reserve_late_told");
  if (!view.has_reserve) return "";
  const turned = view.direction === "falling" ? "_falling" : "";
  if (!view.bids) return say(`reserve_told${turned}`);
  return say(view.is_reserve_met ? "reserve_met_told" : `reserve_not_met_told${turned}`);
}
