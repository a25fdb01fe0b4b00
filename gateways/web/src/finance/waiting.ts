// What waits for somebody at the desk, and in which part of it: told by what was read, without regard to who reads.

import type { Books } from "./books";

export const PARTS = ["today", "in", "out", "bank", "sales", "close", "register"] as const;

/** A part of the desk, as the address names it behind #. */
export type Part = (typeof PARTS)[number];

/** So many things of one kind the exchange lists at once, the oldest. */
export const LISTED_MAX = 500;

/** So many things of one kind that wait; more of them where the list is full. */
export interface Work {
  kind: string;
  part: Part;
  count: number;
  isPressing: boolean;
  isMore: boolean;
}

/** Write a count so that nobody takes a full list for the whole. */
export function counted(count: number, isMore: boolean): string {
  return isMore ? `${count}+` : String(count);
}

export function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}

/** What waits, the pressing first. */
export function waiting(books: Pick<Books, "refunds" | "suspense" | "underWay" | "batches" | "writeOffs" | "defaults" | "periods" | "reversals" | "deposits">): Work[] {
  const { refunds, suspense, underWay, batches, writeOffs, defaults, periods, reversals, deposits } = books;
  const proposed = underWay.filter(({ state }) => state === "proposed");
  const open = batches.filter(({ sent_at_us: sent, withdrawal }) => !sent && !withdrawal?.confirmed_at_us);
  const found: [string, Part, number, boolean][] = [
    ["deposit_account", "bank", deposits.changes.filter(({ is_confirmed: decision }) => decision === null).length, true],
    ["overdue", "out", refunds.filter(({ level }) => level === "overdue").length, true],
    ["soon", "out", refunds.filter(({ level }) => level === "soon").length, true],
    ["suspense", "in", suspense.length, false],
    ["to_complete", "out", proposed.filter(({ payee_account: account }) => !account).length, false],
    ["to_approve", "out", proposed.filter(({ payee_account: account }) => account).length, false],
    ["to_batch", "out", underWay.filter(({ state }) => state === "approved").length, false],
    ["to_send", "out", open.length, false],
    ["write_offs", "bank", writeOffs.write_offs.length, false],
    ["defaults", "sales", defaults.cases.filter(({ state }) => state === "open" || state === "proposed").length, false],
    ["closing", "close", periods.state.proposals.length, false],
    ["reversals", "close", reversals.reversals.length, false],
  ];
  const full = [...(suspense.length >= LISTED_MAX ? ["suspense"] : []), ...(underWay.length >= LISTED_MAX ? ["to_complete", "to_approve", "to_batch"] : [])];
  return found.filter(([, , count]) => count > 0).map(([kind, part, count, isPressing]) => ({ kind, part, count, isPressing, isMore: full.includes(kind) }));
}
