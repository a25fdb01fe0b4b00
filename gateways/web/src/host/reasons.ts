// Reasons that the rules of the field know, to begin a published reason with; each can be changed before it is given.
// Belongs here: which reasons belong to which act. Does not belong here: their words (`phrases.ts`).

import type { HostAct } from "../schema";

/** Keys of `reason_…`; `reason_source_…` names the rule that knows it. */
export const REASONS: Partial<Record<HostAct, readonly string[]>> = {
  pause: ["pause_failure", "pause_force", "pause_title", "pause_objection", "pause_court"],
  withdraw: ["withdraw_idle", "withdraw_no_right", "withdraw_lost", "withdraw_change", "withdraw_court"],
  default: ["default_unsigned", "default_unpaid", "default_waived"],
};

/** Keys of `announce_…`. */
export const ANNOUNCEMENTS: readonly string[] = ["wait", "below_reserve", "last_minute", "network", "correction"];
