// What happens next with a deposit, as one sentence: its key and what goes into it.

import type { OwnDeposit, TitledSignUp } from "../schema";

export interface NextStep {
  key: string;
  /** The amount that the sentence names, in minor units; 0 for none. */
  amount: number;
  /** The moment that the sentence names, in microseconds; 0 for none. */
  atUs: number;
  kind: "calm" | "good" | "warn" | "bad";
}

/** The next step of a deposit; `money` is null where the lot asks for none. */
export function nextStep(signUp: TitledSignUp, money: OwnDeposit | null): NextStep {
  const step = (key: string, kind: NextStep["kind"], amount = 0, atUs = 0): NextStep => ({ key: `next_${key}`, amount, atUs, kind });
  const refund = money?.refund ?? null;
  if (refund) return refundStep(refund, step);
  switch (signUp.deposit_state) {
    case "awaiting_payment":
    case "part_paid":
      return waitsStep(signUp, money, step);
    case "received": return step("received", "calm");
    case "held": return step("held", "good");
    case "applied_to_price": return step("applied", "good", signUp.applied);
    case "defaulted": return step("defaulted", "bad");
    case "forfeited": return step("forfeited", "bad");
    case "refunded": return refundedStep(money, step);
    case "lapsed": return step("lapsed", "calm");
    default: return signUp.state === "admitted" ? step("none", "good") : step(signUp.state === "not_admitted" ? "lapsed" : "pending", "calm");
  }
}

type Step = (key: string, kind: NextStep["kind"], amount?: number, atUs?: number) => NextStep;

function waitsStep(signUp: TitledSignUp, money: OwnDeposit | null, step: Step): NextStep {
  if (signUp.state === "not_admitted") return step("lapsed", "calm");
  const isStuck = money?.receipts.some(({ status, is_worked_off: isDone }) => status === "suspense" && !isDone) ?? false;
  const missing = Math.max(0, signUp.required - signUp.received);
  return step(isStuck ? "suspense" : "pay", "warn", missing, signUp.deposit_by_us);
}

function refundStep(refund: NonNullable<OwnDeposit["refund"]>, step: Step): NextStep {
  switch (refund.level) {
    case "waiting": return step("refund_waits", "calm", refund.owed);
    case "overdue": return step("refund_late", "bad", refund.owed, refund.due_at_us ?? 0);
    default: return step("refund", "calm", refund.owed, refund.due_at_us ?? 0);
  }
}

/** The books call a refund done once it has left for the bank; the bidder's account has it only when the bank has paid. */
function refundedStep(money: OwnDeposit | null, step: Step): NextStep {
  const atBank = money?.payouts.find(({ state }) => state === "sent");
  if (atBank) return step("refund_sent", "calm", atBank.amount);
  return step("refunded", "good", money?.payouts.find(({ state }) => state === "paid")?.amount ?? 0);
}

/** A period as a refund clock spells it, e.g. working_days:5. */
export function clockOf(spelt: string): { unit: string; n: number } {
  const [unit = "", number = "0"] = spelt.split(":");
  return { unit, n: Number(number) };
}
