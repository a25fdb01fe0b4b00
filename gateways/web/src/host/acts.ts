// What a host can do to a lot, and when it is offered.

import type { HostAct, LotState, LotView } from "../schema";
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

/** The acts shown for a lot; those that only some lots know are shown for them alone. */
export function actsFor(view: LotView): OfferedAct[] {
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

/** The name of an act; a fair warning says which it is, and of how many before the host may hammer. */
export function actText(act: HostAct, view: LotView): string {
  const n = view.warnings + 1;
  const isCounted = act === "fair_warning" && view.host_may_hammer && n <= view.fair_warnings_min;
  return isCounted ? say("act_fair_warning_of", { n, of: view.fair_warnings_min }) : say(`act_${act}`, { n });
}
