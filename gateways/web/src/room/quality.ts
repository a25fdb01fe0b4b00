// How good the connection is, as far as bidding goes: how long an answer takes, and when the server was last heard.

import type { ConnectionState } from "../client";

export type Quality = "good" | "fair" | "poor" | "none";

const GOOD_ROUND_TRIP_MS = 200;
const FAIR_ROUND_TRIP_MS = 800;
/** Something is heard at least every ten seconds, because the page asks for the time that often. */
const GOOD_SILENCE_MS = 12_000;
const FAIR_SILENCE_MS = 17_000;

/** How many of three bars stand for a quality. */
export const BARS: Readonly<Record<Quality, number>> = { good: 3, fair: 2, poor: 1, none: 0 };

/**
 * The quality of a connection.
 *
 * `roundTripMs` is null until measured; `silenceMs` is how long nothing has been heard.
 */
export function qualityOf(state: ConnectionState, roundTripMs: number | null, silenceMs: number): Quality {
  if (state !== "live") return "none";
  const roundTrip = roundTripMs ?? 0;
  if (roundTrip > FAIR_ROUND_TRIP_MS || silenceMs > FAIR_SILENCE_MS) return "poor";
  return roundTrip > GOOD_ROUND_TRIP_MS || silenceMs > GOOD_SILENCE_MS ? "fair" : "good";
}
