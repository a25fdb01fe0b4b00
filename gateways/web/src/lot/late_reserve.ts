// The reserve that a named person enters while the lot is open: whether it can be entered now, or when, or why no more.
// Belongs here: its time as a pure function of terms, state and the server's clock. Does not belong here: entering it.

import type { LateReserve, LotView } from "../schema";

export type ReserveTime =
  /** It is on record. */
  | { when: "entered" }
  /** Its time has passed, or the lot is over, and none was entered. */
  | { when: "missed" }
  /** Its time has passed, but an extension would move it with the end. */
  | { when: "passed" }
  /** The end from which its time is counted is not known yet, or stands still. */
  | { when: "unknown" }
  /** It is taken from, or until, this moment of the server's clock. */
  | { when: "later" | "now"; atUs: number };

/** When a lot's late reserve is taken; the time moves with the end of its phase. */
export function reserveTime(late: LateReserve, view: LotView, nowUs: number | null): ReserveTime {
  if (!view.takes_late_reserve) return { when: view.has_reserve ? "entered" : "missed" };
  const phase = late.phase ?? 0;
  if (view.phase > phase) return { when: "missed" };
  if (view.state !== "open" || view.phase < phase || !view.ends_at_us || nowUs === null) return { when: "unknown" };
  const fromUs = view.ends_at_us - late.opens_before_us;
  const untilUs = view.ends_at_us - (late.closes_before_us ?? 0);
  if (nowUs < fromUs) return { when: "later", atUs: fromUs };
  if (nowUs < untilUs) return { when: "now", atUs: untilUs };
  return { when: view.soft_close_window_us ? "passed" : "missed" };
}
