// How the bidder at this page stands in a lot, as one of a few words.

import { isClosed, type Room } from "../client";

/**
 * watching: no paddle. none: has not bid. leading. outbid: bid, and somebody else leads. behind: somebody else leads,
 * and whether one has bid is not among the records at hand. offered: has a hidden offer. entered: has given an order, or
 * said that he takes part. won, lost: when all is over.
 * over: ended without a buyer.
 */
export type Position = "watching" | "none" | "leading" | "outbid" | "behind" | "offered" | "entered" | "won" | "lost" | "over";

/** Shapes say the same as the words, for whom colours are not enough. */
export const SHAPES: Readonly<Record<Position, string>> = {
  watching: "◇", none: "○", leading: "▲", outbid: "▼", behind: "▽", offered: "■", entered: "■", won: "★", lost: "●", over: "●",
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
  if (view.leader === paddle) return "leading";
  if (room.outbid !== null || you.limit || hasBid(room, paddle)) return "outbid";
  if (you.lines?.length || you.handle) return "offered";
  if (hasEntered(room, paddle)) return "entered";
  return view.bids > 0 && (room.records[0]?.sequence ?? 1) > 1 ? "behind" : "none";
}

function hasBid({ records }: Room, paddle: number): boolean {
  return records.some(({ event }) => event.type === "BidPlaced" && event.paddle === paddle);
}

/** Whether one takes part in another way than by bids: by an order, or by one's word where that is asked for. */
function hasEntered({ records }: Room, paddle: number): boolean {
  const own = records.findLast(({ event }) => (event.type === "OrderPlaced" || event.type === "Declared") && event.paddle === paddle)?.event;
  return own?.type === "OrderPlaced" || (own?.type === "Declared" && own.word === "accept");
}
