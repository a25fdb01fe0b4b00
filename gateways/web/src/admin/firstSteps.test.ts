import { expect, test } from "vitest";
import { doneOf, type Known } from "./firstSteps";

const account = (id: number, ...roles: string[]) => ({ id, roles, has_password: true, is_active: true }) as unknown as Known["accounts"]["accounts"][number];
const known = (...accounts: Known["accounts"]["accounts"]): Known => ({
  centre: { version: 0, pay_to: [] }, accounts: { accounts, total: accounts.length }, lots: { total: 0 }, hasBackup: false,
});

test("an empty centre has everything to do", () => {
  expect(Object.values(doneOf(known()))).toEqual([false, false, false, false, false, false]);
});

test("a refund takes two people, and a program is none", () => {
  expect(doneOf(known(account(1, "finance"))).finance).toBe(false);
  expect(doneOf(known(account(1, "finance"), account(2, "checker"))).finance).toBe(true);
  expect(doneOf(known({ ...account(1, "host"), has_password: false })).host).toBe(false);
});
