import { expect, it } from "vitest";
import type { OwnDeposit, TitledSignUp } from "../schema";
import { clockOf, nextStep } from "./next_step";

const SIGN_UP = { state: "awaiting_deposit", deposit_state: "awaiting_payment", required: 500, received: 100, applied: 0, deposit_by_us: 77 } as TitledSignUp;
const MONEY = { receipts: [], payouts: [], refund: null } as unknown as OwnDeposit;
const refund = (level: string, due: number | null) => ({ ...MONEY, refund: { level, owed: 300, due_at_us: due } }) as unknown as OwnDeposit;

it("what is missing is told with until when it may come", () => {
  expect(nextStep(SIGN_UP, MONEY)).toEqual({ key: "next_pay", amount: 400, atUs: 77, kind: "warn" });
  const stuck = { ...MONEY, receipts: [{ status: "suspense", is_worked_off: false }] } as unknown as OwnDeposit;
  expect(nextStep(SIGN_UP, stuck).key).toBe("next_suspense");
});

it("what is owed back comes before everything, with its day", () => {
  const held = { ...SIGN_UP, state: "admitted", deposit_state: "refund_due" } as TitledSignUp;
  expect([nextStep(held, refund("running", 9)), nextStep(held, refund("overdue", 5)), nextStep(held, refund("waiting", null))].map(({ key, atUs, kind }) => [key, atUs, kind]))
    .toEqual([["next_refund", 9, "calm"], ["next_refund_late", 5, "bad"], ["next_refund_waits", 0, "calm"]]);
});

it("every state of a deposit has a next step", () => {
  const states = ["received", "held", "applied_to_price", "defaulted", "forfeited", "refunded", "lapsed"] as const;
  expect(states.map((state) => nextStep({ ...SIGN_UP, deposit_state: state }, MONEY).key)).toEqual(["next_received", "next_held", "next_applied", "next_defaulted", "next_forfeited", "next_refunded", "next_lapsed"]);
  expect(nextStep({ ...SIGN_UP, state: "admitted", deposit_state: null }, null).key).toBe("next_none");
});

it("a refund that left for the bank is not yet with the bidder", () => {
  const refunded = { ...SIGN_UP, deposit_state: "refunded" } as TitledSignUp;
  const paidOut = (...states: string[]) => ({ ...MONEY, payouts: states.map((state) => ({ state, amount: 300 })) }) as unknown as OwnDeposit;
  expect(nextStep(refunded, paidOut("sent"))).toEqual({ key: "next_refund_sent", amount: 300, atUs: 0, kind: "calm" });
  expect(nextStep(refunded, paidOut("rejected", "sent")).key).toBe("next_refund_sent");
  expect(nextStep(refunded, paidOut("rejected", "paid"))).toEqual({ key: "next_refunded", amount: 300, atUs: 0, kind: "good" });
});

it("a clock is read as it is spelt", () => expect(clockOf("working_days:5")).toEqual({ unit: "working_days", n: 5 }));
