// What follows from an act that cannot be undone: who gets the lot, who is called next, what becomes of the deposits.
// Belongs here: saying it from the state of the lot. Does not belong here: doing it.

import { formatAmount } from "../client";
import type { HostAct, LotView } from "../schema";
import { priceText } from "../lot/standing";
import { say } from "../texts/language";

/** What of a lot's terms decides what follows. */
export interface Stakes {
  reservePlaces: number;
  /** A pause that lasted longer than this resumes only after a notice; null where it always resumes at once. */
  promptWithinUs?: number | null;
}

/** The consequences of an act, as sentences. */
export function consequencesOf(act: HostAct, view: LotView, { reservePlaces, promptWithinUs = null }: Stakes): string[] {
  switch (act) {
    case "open": return view.bidders ? [say("then_opened")] : [say("then_opened_nobody"), say("then_opened")];
    case "resume": return [say(view.host_may_hammer && !view.ends_at_us ? "then_resumed_host" : "then_resumed_clock"), ...(promptWithinUs === null ? [] : [say("then_resumed_notice")])];
    case "hammer": return ofHammer(view, reservePlaces);
    case "withdraw": return [say("then_withdrawn"), say("then_all_refunded")];
    case "pause": return [say("then_paused")];
    case "confirm": return ofConfirmation(view);
    case "default": return ofDefault(view);
    case "reserve": return [say("then_reserve")];
    default: return [];
  }
}

function ofHammer(view: LotView, reservePlaces: number): string[] {
  if (view.bids === 0) return [say("then_passed_no_bids"), say("then_all_refunded")];
  if (view.has_reserve && !view.is_reserve_met) return [say("then_passed_reserve", { price: priceText(view) }), say("then_all_refunded"), say("then_relisted")];
  const values = { paddle: view.leader, price: priceText(view) };
  const [what, others] = reservePlaces
    ? [say("then_knocked_down", values), say("then_runners_up_bound", { n: Math.min(reservePlaces, view.bidders - 1) })]
    : [say("then_sold", values), say("then_others_refunded")];
  return view.bidders > 1 ? [what, others] : [what];
}

function ofConfirmation(view: LotView): string[] {
  const values = { paddle: view.winner, price: formatAmount(view.hammer_price, view.currency) };
  const freed = view.runners_up.length ? say("then_runners_up_free", { paddles: view.runners_up.map(({ paddle }) => paddle).join(", ") }) : say("then_no_runners_up");
  return [say("then_confirmed", values), freed];
}

function ofDefault(view: LotView): string[] {
  const [next] = view.runners_up;
  const called = next
    ? say("then_called", { paddle: next.paddle, amount: formatAmount(next.amount, view.currency), n: view.runners_up.length - 1 })
    : say("then_passed_defaulted");
  return [say("then_defaulted", { paddle: view.winner }), called];
}
