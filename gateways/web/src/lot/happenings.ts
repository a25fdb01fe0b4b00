// What has happened between two states of a room that its reader must not miss.

import { isClosed, isMine, type Room } from "../client";
import { answerOf, hasLeft, isAsked } from "./answers";
import type { Signal } from "./signals";

/** The most important thing that happened from one state to the next; null for nothing. */
export function happening(before: Room, after: Room): Signal | null {
  const { view: was } = before;
  const { view: is } = after;
  if (was === null || is === null || was.lot !== is.lot) return null;
  if (!isClosed(was) && isClosed(is)) return "hammer";
  if (before.outbid === null && after.outbid !== null) return "outbid";
  if (is.warnings > was.warnings) return "warning";
  if (isWaitedFor(after) && !isWaitedFor(before)) return "announced";
  if (wasSpoken(before, after)) return "announced";
  if (!isMine(before) && isMine(after)) return "mine";
  return is.extensions > was.extensions ? "extended" : null;
}

/** Whether it is one's turn, or one's word is asked for. */
function isWaitedFor(room: Room): boolean {
  const { view, you } = room;
  if (isAsked(room)) return answerOf(room) === null && !hasLeft(room);
  return view?.format === "turns" && view.detail?.kind === "rounds" && view.detail.turn > 0 && view.detail.turn === you?.paddle;
}

/** Whether the host has spoken to the room; only what is new is looked at, because this is asked for every bid. */
function wasSpoken({ records: known }: Room, { records }: Room): boolean {
  const last = known.at(-1)?.sequence ?? 0;
  for (let index = records.length - 1; index >= 0; index -= 1) {
    const record = records[index];
    if (!record || record.sequence <= last) return false;
    if (record.event.type === "AnnouncementMade") return true;
  }
  return false;
}
