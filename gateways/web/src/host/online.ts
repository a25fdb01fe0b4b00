// How well the bidders of a lot are connected, in levels with a shape and a word each.
// Belongs here: who is there, who was and is gone, who was never there. Does not belong here: how it looks.

import type { Presence } from "../client";

/** By round trip and silence: what is good to bid with, what may cost somebody his bid. */
export type Quality = "good" | "fair" | "poor" | "silent" | "unmeasured" | "offline";

export interface Bidder {
  paddle: number;
  quality: Quality;
  /** Milliseconds; 0 when never measured. */
  rttMs: number;
  /** When the bidder was last heard, microseconds; 0 for never as long as this page has looked. */
  heardAtUs: number;
}

const FAIR_ABOVE_MS = 150;
const POOR_ABOVE_MS = 400;
const SILENT_AFTER_US = 25_000_000;
const LISTED_MAX = 300;

/** The bidders of a lot, the ones with the worst connection first; `seen` remembers who was there before. */
export function biddersOf(presence: Presence | null, admitted: number, seen: ReadonlyMap<number, number>, nowUs: number): Bidder[] {
  if (presence === null) return [];
  const online = new Map(presence.online.map((one) => [one.paddle, one]));
  const found: Bidder[] = presence.online.map(({ paddle, rtt_ms, heard_at_us }) => (
    { paddle, quality: qualityOf(rtt_ms, nowUs - heard_at_us), rttMs: rtt_ms, heardAtUs: heard_at_us }));
  // Only while everybody there is named is who is not named away.
  if (presence.online.length === presence.bidders && admitted <= LISTED_MAX) {
    for (let paddle = 1; paddle <= admitted; paddle += 1) {
      if (!online.has(paddle)) found.push({ paddle, quality: "offline", rttMs: 0, heardAtUs: seen.get(paddle) ?? 0 });
    }
  }
  return found.sort((one, other) => RANK[one.quality] - RANK[other.quality] || one.paddle - other.paddle);
}

const RANK: Record<Quality, number> = { silent: 0, poor: 1, offline: 2, fair: 3, unmeasured: 4, good: 5 };

function qualityOf(rttMs: number, silentUs: number): Quality {
  if (silentUs > SILENT_AFTER_US) return "silent";
  if (rttMs === 0) return "unmeasured";
  if (rttMs > POOR_ABOVE_MS) return "poor";
  return rttMs > FAIR_ABOVE_MS ? "fair" : "good";
}
