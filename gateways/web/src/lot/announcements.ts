// What the host says to the room: the latest of it, for as long as everybody should still see it.
// Belongs here: which announcement is news. Does not belong here: how a page shows it.

import { latestOf, type Room } from "../client";

/** Long enough to be read twice, also by somebody who looks up late. */
const LIFE_US = 90_000_000;

export interface Announcement {
  text: string;
  atUs: number;
}

/** The host's latest words while they are news; `nowUs` is the server's time. */
export function announcementOf(room: Room, nowUs: number | null): Announcement | null {
  const latest = latestOf(room.records, "AnnouncementMade");
  if (!latest || nowUs === null || nowUs - latest.at_us >= LIFE_US) return null;
  return { text: latest.event.text, atUs: latest.at_us };
}
