// What a running phase waits for from staff: the round of a public beacon, the points that experts gave, what was inside
// sealed offers.
// Belongs here: what is asked for, and what typed words mean. Does not belong here: asking, sending.

import type { LotTerms, LotView } from "../schema";

export type Wanted =
  | { kind: "beacon"; round: number; source: string }
  | { kind: "scores"; paddles: number[]; pointsMax: number }
  | { kind: "opening" };

const OUTPUT = /^[0-9a-f]{32,256}$/;
const HUNDREDTHS = /^\d{1,4}(\.\d{1,2})?$/;

/** What staff enter by hand as a phase stands, in the order in which it is wanted. */
export function wantedOf(view: LotView, terms: LotTerms | null): Wanted[] {
  const phase = terms?.programme[view.phase];
  if (view.state !== "open" || !phase) return [];
  const { detail } = view;
  if (phase.phase === "draw" && phase.beacon && detail?.kind === "drawing" && detail.beacon_round) {
    return [{ kind: "beacon", round: detail.beacon_round, source: phase.beacon.source }];
  }
  if ((phase.phase !== "sealed" && phase.phase !== "offers") || detail?.kind !== "offers" || !view.bidders) return [];
  const wanted: Wanted[] = [];
  if (phase.award?.rule === "combined_score") {
    const { points_max: pointsMax = 10_000, price_points: pricePoints = 10_000, scores_come: moment = "before_opening" } = phase.award;
    const isTime = detail.is_revealed === (moment === "after_opening");
    if (pricePoints < 10_000 && isTime) wanted.push({ kind: "scores", paddles: Array.from({ length: view.bidders }, (_, index) => index + 1), pointsMax });
  }
  if (isToBeOpened(view)) wanted.push({ kind: "opening" });
  return wanted;
}

/** Whether sealed offers are in, and nobody can change them, but they are still shut. */
export function isToBeOpened({ state, format, detail, accepts }: LotView): boolean {
  return state === "open" && format === "sealed" && detail?.kind === "offers" && !detail.is_revealed && accepts.length === 0;
}

/** The output of a beacon as it is sent, or null for what is none: 32 to 256 hexadecimal digits, spaces aside. */
export function outputOf(text: string): string | null {
  const digits = text.replaceAll(/\s/g, "").toLowerCase();
  return OUTPUT.test(digits) ? digits : null;
}

/** Points with at most two decimals as hundredths up to `most`, or null for what is no such number. */
export function pointsOf(text: string, most: number): number | null {
  const typed = text.trim();
  if (!HUNDREDTHS.test(typed)) return null;
  const points = Math.round(Number(typed) * 100);
  return points <= most ? points : null;
}
