// What has happened between two states of a room that its reader must not miss.

import { isClosed, isMine, latestOf, type Room } from "../client";
import type { Signal } from "./signals";

/** The most important thing that happened from one state to the next; null for nothing. */
export function happening(before: Room, after: Room): Signal | null {
  const { view: was } = before;
  const { view: is } = after;
  if (was === null || is === null || was.lot !== is.lot) return null;
  if (!isClosed(was) && isClosed(is)) return "hammer";
  if (before.outbid === null && after.outbid !== null) return "outbid";
  if (is.warnings > was.warnings) return "warning";
  if (spokenAtUs(after) > spokenAtUs(before)) return "announced";
  if (!isMine(before) && isMine(after)) return "mine";
  return is.extensions > was.extensions ? "extended" : null;
}

/** When the host last spoke to the room; 0 for never. */
function spokenAtUs({ records }: Room): number {
  return latestOf(records, "AnnouncementMade")?.at_us ?? 0;
}
