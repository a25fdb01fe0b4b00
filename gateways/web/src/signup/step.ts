// How far somebody has come on the way to a paddle, as a step of the page.

import type { SignUpState } from "../schema";

/** identity and commitment come before the sign-up, deposit and paddle after it; out when there is no way any more. */
export type Step = "identity" | "commitment" | "deposit" | "paddle" | "out";

export const STEPS: readonly Step[] = ["identity", "commitment", "deposit", "paddle"];

/** The step that somebody is at; `isKnown` tells that he has confirmed who he is. */
export function stepOf(mine: SignUpState | null, isKnown: boolean): Step {
  if (mine === null) return isKnown ? "commitment" : "identity";
  if (mine.state === "not_admitted") return "out";
  return mine.state === "awaiting_deposit" ? "deposit" : "paddle";
}

/** What a transfer has to say, a line each, for a picture that a telephone reads. */
export function paymentText(pay: { holder: string; bank: string; number: string } | null, reference: string, amount: string): string {
  const to = pay ? [`收款人 ${pay.holder}`, `开户行 ${pay.bank}`, `账号 ${pay.number}`] : [];
  return [...to, `附言 ${reference}`, `金额 ${amount}`].join("\n");
}
