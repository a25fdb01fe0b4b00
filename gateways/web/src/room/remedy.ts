// What a bidder can do at once about a "no".

import type { Answer } from "../client";
import type { LotView } from "../schema";
import { amountAt, doubtOf } from "./ladder";

/** Bid one of some amounts; ask again under the same id; sign in; nothing. */
export type Remedy = { kind: "bid"; amounts: number[] } | { kind: "again" } | { kind: "sign_in" } | { kind: "none" };

const NONE: Remedy = { kind: "none" };
const AGAIN: ReadonlySet<string> = new Set(["BUSY", "OUTCOME_UNKNOWN", "RATE_LIMITED"]);
/** Another amount would do. */
const OTHER_AMOUNT: ReadonlySet<string> = new Set(["BELOW_ASKING_PRICE", "ABOVE_ASKING_PRICE", "AMOUNT_TAKEN"]);

/** The remedy for an answer. `amount` is what was bid, null where it was something else; `view` where the lot stands now. */
export function remedyFor(answer: Answer, amount: number | null, view: LotView): Remedy {
  if (answer.type === "receipt") return NONE;
  if (answer.code === "NOT_SIGNED_IN") return { kind: "sign_in" };
  if (AGAIN.has(answer.code)) return { kind: "again" };
  if (amount === null || answer.type !== "refusal" || view.state !== "open" || !view.accepts?.includes("bid")) return NONE;
  if (OTHER_AMOUNT.has(answer.code)) return { kind: "bid", amounts: [amountAt(view, 1)] };
  if (answer.code === "NOT_ON_STEP") return steps(view, amount);
  if (answer.code === "ABOVE_LARGEST_RAISE" && answer.largest) return { kind: "bid", amounts: [answer.largest] };
  return NONE;
}

function steps(view: LotView, amount: number): Remedy {
  const doubt = doubtOf(view, amount);
  return { kind: "bid", amounts: doubt?.kind === "between" ? [doubt.below, doubt.above] : [amountAt(view, 1)] };
}
