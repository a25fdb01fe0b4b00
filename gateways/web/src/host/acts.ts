// What a host can do to a lot, and when it is offered.

import { isClosed } from "../client";
import { reserveTime } from "../lot/late_reserve";
import { momentText, spanText } from "../lot/standing";
import type { HostAct, LateReserve, LotState, LotView } from "../schema";
import { say } from "../texts/language";

export interface OfferedAct {
  act: HostAct;
  states: readonly LotState[];
  needsReason?: boolean;
  needsAmount?: boolean;
  isDangerous?: boolean;
  /** Done without asking once more. */
  isQuick?: boolean;
}

export const ACTS: readonly OfferedAct[] = [
  { act: "open", states: ["announced"] },
  { act: "fair_warning", states: ["open"], isQuick: true },
  { act: "hammer", states: ["open"], isDangerous: true },
  { act: "pause", states: ["open"], needsReason: true },
  { act: "resume", states: ["frozen"] },
  { act: "withdraw", states: ["announced", "open", "frozen", "knocked_down"], needsReason: true, isDangerous: true },
  { act: "reserve", states: ["open"], needsAmount: true },
  { act: "confirm", states: ["knocked_down"] },
  { act: "default", states: ["knocked_down"], needsReason: true, isDangerous: true },
];

/** The acts shown for a lot; those that only some lots know are shown for them alone, and none once it is over. */
export function actsFor(view: LotView): OfferedAct[] {
  if (isClosed(view) && view.state !== "knocked_down") return [];
  return ACTS.filter(({ act, states }) => {
    if (act === "hammer") return view.host_may_hammer;
    if (act === "reserve") return view.takes_late_reserve;
    return (act !== "confirm" && act !== "default") || states.includes(view.state);
  });
}

/** Whether an act is given by holding its button down: what can never be undone. */
export function isHeldFor({ isDangerous = false }: OfferedAct): boolean {
  return isDangerous;
}

/** The name of an act; a fair warning says which it is of those that the rules want, or that it is one more. */
export function actText(act: HostAct, view: LotView): string {
  if (act !== "fair_warning" || !view.host_may_hammer) return say(`act_${act}`, { n: view.warnings + 1 });
  if (view.warnings >= view.fair_warnings_min) return say("act_fair_warning_again");
  return say("act_fair_warning_of", { n: view.warnings + 1, of: view.fair_warnings_min });
}

/** Why an act that is offered cannot be done yet by the rules; empty where it can. */
export function whyNotYet(act: HostAct, view: LotView): string {
  const missing = view.fair_warnings_min - view.warnings;
  return act === "hammer" && view.state === "open" && missing > 0 ? say("step_hammer_warnings", { n: missing }) : "";
}

/** Whether the act of entering a late reserve would be taken: from the person whom the terms name, in its time. */
export function mayEnterReserve(late: LateReserve | null | undefined, view: LotView, nowUs: number | null, who: number | undefined): boolean {
  return Boolean(late) && late?.by === who && reserveTime(late!, view, nowUs).when === "now";
}

/** Whether a late reserve is entered, or can be, and until when; else from when, or that its time has passed. */
export function reserveTimeText(late: LateReserve, view: LotView, nowUs: number | null): string {
  const time = reserveTime(late, view, nowUs);
  switch (time.when) {
    case "entered":
      return say("late_reserve_done");
    case "missed":
    case "passed":
      return say(`late_reserve_${time.when}`);
    case "unknown":
      return say("late_reserve_before_end", { opens: spanText(late.opens_before_us), closes: spanText(late.closes_before_us ?? 0) });
    default:
      return say(time.when === "now" ? "late_reserve_open" : "late_reserve_opens", { moment: momentText(time.atUs, { isShort: true }), span: spanText(time.atUs - (nowUs ?? 0)) });
  }
}

/** What fair warnings are good for in a lot as it stands; empty where none can be given. */
export function warningHint(view: LotView): string {
  if (view.state !== "open") return "";
  if (!view.host_may_hammer) return say("hint_warning_clock");
  const n = view.fair_warnings_min - view.warnings;
  if (n > 0) return say("hint_warning_missing", { n, of: view.fair_warnings_min });
  return say(view.bids ? "hint_warning_enough" : "hint_warning_no_bids");
}
