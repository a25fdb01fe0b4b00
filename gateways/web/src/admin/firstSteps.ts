// What a centre needs before its first sale, and what of that is there: pure, so that every step can be tested.

import type { CentreNow, FoundAccounts, LotPage } from "../schema";

export const STEPS = ["centre", "host", "finance", "bank", "lot", "backup"] as const;
export type Step = (typeof STEPS)[number];

/** Where each step is done. */
export const PLACE_OF: Record<Step, string> = {
  centre: "#centre", host: "#people", finance: "#people", bank: "/finance", lot: "/admin/lots", backup: "#system",
};

export interface Known {
  centre: Pick<CentreNow, "version" | "pay_to">;
  accounts: Pick<FoundAccounts, "accounts" | "total">;
  lots: Pick<LotPage, "total">;
  hasBackup: boolean;
}

type Listed = FoundAccounts["accounts"][number];

/** Tell which steps are done. Accounts of programs, without a password, are nobody who could host or pay. */
export function doneOf({ centre, accounts, lots, hasBackup }: Known): Record<Step, boolean> {
  const people = accounts.accounts.filter((one) => one.has_password && one.is_active);
  const proposers = people.filter((one) => has(one, "finance", "cashier"));
  const checkers = people.filter((one) => has(one, "finance", "checker"));
  const isMany = accounts.total > accounts.accounts.length;
  return {
    centre: centre.version > 0,
    host: isMany || people.some((one) => has(one, "host")),
    finance: isMany || proposers.some((one) => checkers.some((other) => other.id !== one.id)),
    bank: centre.pay_to.length > 0,
    lot: lots.total > 0,
    backup: hasBackup,
  };
}

function has(account: Listed, ...roles: string[]): boolean {
  return account.roles.some((role) => roles.includes(role));
}
