import { expect, it } from "vitest";
import type { SignUpState } from "../schema";
import { paymentText, stepOf } from "./step";

const at = (state: SignUpState["state"]) => ({ state }) as SignUpState;

it("whoever comes back is at the step that the exchange knows of", () => {
  expect([stepOf(null, false), stepOf(null, true), stepOf(at("awaiting_deposit"), false), stepOf(at("admission_pending"), false), stepOf(at("admitted"), false), stepOf(at("not_admitted"), true)])
    .toEqual(["identity", "commitment", "deposit", "paddle", "paddle", "out"]);
});

it("a payment says to whom, under which reference and how much", () => {
  expect(paymentText({ holder: "中心", bank: "某行", number: "6222" }, "1234", "¥5.00")).toBe("收款人 中心\n开户行 某行\n账号 6222\n附言 1234\n金额 ¥5.00");
  expect(paymentText(null, "1234", "¥5.00")).toBe("附言 1234\n金额 ¥5.00");
});
