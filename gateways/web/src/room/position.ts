// How the bidder at this page stands in a lot, as one of a few words.

import { isClosed, type Room } from "../client";
import { answerOf, hasLeft, isAsked } from "../lot/answers";
import { LEADERLESS } from "../lot/figures";

/**
 * watching: no paddle. none: has not bid. leading. outbid: bid, and somebody else leads. behind: somebody else leads,
 * and whether one has bid is not among the records at hand. asked: one's word is asked for. turn: it is one's turn.
 * offered: has a hidden offer. entered: has given an order, holds something in a clock, or said that he takes part.
 * left: has said no. won, lost: when all is over.
 * over: ended without a buyer.
 */
export type Position = "watching" | "none" | "leading" | "outbid" | "behind" | "asked" | "turn" | "offered" | "entered" | "left" | "won" | "lost" | "over";

/** Shapes say the same as the words, for whom colours are not enough. */
export const SHAPES: Readonly<Record<Position, string>> = {
  watching: "◇", none: "○", leading: "▲", outbid: "▼", behind: "▽", asked: "◆", turn: "◆", offered: "■", left: "□", entered: "■", won: "★", lost: "●", over: "●",
};

/** The position of a room's own paddle. */
export function positionOf(room: Room): Position {
  const { view, you } = room;
  const paddle = you?.paddle ?? 0;
  if (view === null || !you || !paddle) return "watching";
  if (isClosed(view)) {
    if (view.winner === paddle || view.awards?.some((award) => award.paddle === paddle)) return "won";
    return view.winner || view.awards?.length ? "lost" : "over";
  }
  if (isAsked(room) && answerOf(room) === null && !hasLeft(room)) return "asked";
  if (view.format === "turns" && view.detail?.kind === "rounds" && view.detail.turn === paddle) return you.lines?.length ? "offered" : "turn";
  if (LEADERLESS.has(view.format)) return withoutLeader(room, paddle);
  if (view.leader === paddle) return "leading";
  if (you.lines?.length || you.handle) return "offered";
  if (room.outbid !== null || you.limit || hasBid(room, paddle)) return "outbid";
  const word = wordOf(room);
  if (word) return word;
  return view.bids > 0 && (room.records[0]?.sequence ?? 1) > 1 ? "behind" : "none";
}

/** Where nobody leads before all is decided, one has taken part or has not. */
function withoutLeader(room: Room, paddle: number): Position {
  const { view, you } = room;
  if (view?.detail?.kind === "items" && view.detail.items.some(([, leader]) => leader === paddle)) return "leading";
  if (you?.lines?.length || you?.handle || you?.item_bids?.length) return "offered";
  return you?.held?.length ? "entered" : (wordOf(room) ?? "none");
}

function wordOf(room: Room): "entered" | "left" | null {
  if (hasEntered(room, room.you?.paddle ?? 0)) return "entered";
  return hasLeft(room) || answerOf(room) === "decline" ? "left" : null;
}

function hasBid({ records }: Room, paddle: number): boolean {
  return records.some(({ event }) => event.type === "BidPlaced" && event.paddle === paddle);
}

/** Whether one takes part in another way than by bids: by an order, or by one's word where that is asked for. */
function hasEntered(room: Room, paddle: number): boolean {
  const own = room.records.findLast(({ event }) => (event.type === "OrderPlaced" || event.type === "Declared") && event.paddle === paddle)?.event;
  return own?.type === "OrderPlaced" || (own?.type === "Declared" && own.word === "accept" && !hasLeft(room));
}
