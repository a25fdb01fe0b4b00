import { describe, expect, it } from "vitest";
import type { Books } from "./books";
import { counted, isPart, LISTED_MAX, waiting, type Work } from "./waiting";

type Given = Parameters<typeof waiting>[0];

const QUIET = {
  refunds: [], suspense: [], underWay: [], batches: [], writeOffs: { write_offs: [] }, defaults: { cases: [] },
  periods: { state: { proposals: [] } }, reversals: { reversals: [] }, deposits: { present: [], changes: [] },
} as unknown as Given;

const given = (changes: Record<string, unknown>): Given => ({ ...QUIET, ...changes }) as Given;
const kinds = (books: Given): [string, number][] => waiting(books).map(({ kind, count }) => [kind, count]);

describe("what waits at the desk", () => {
  it("is nothing in quiet books", () => {
    expect(waiting(QUIET)).toEqual([]);
  });

  it("does not take a full list for the whole", () => {
    const receipts = (n: number): Work[] => waiting(given({ suspense: Array.from({ length: n }, () => ({})) }));
    expect(receipts(LISTED_MAX)[0]).toMatchObject({ kind: "suspense", count: LISTED_MAX, isMore: true });
    expect(receipts(LISTED_MAX - 1)[0]).toMatchObject({ isMore: false });
    expect(counted(LISTED_MAX, true)).toBe("500+");
  });

  it("tells refunds that press before anything else", () => {
    const refunds = [{ level: "overdue" }, { level: "soon" }, { level: "running" }, { level: "overdue" }] as Books["refunds"];
    const suspense = [{}] as Books["suspense"];
    expect(kinds(given({ refunds, suspense }))).toEqual([["overdue", 2], ["soon", 1], ["suspense", 1]]);
  });

  it("tells payouts by what is missing: an account, a second person, a file", () => {
    const underWay = [
      { state: "proposed", payee_account: "" }, { state: "proposed", payee_account: "62" }, { state: "approved", payee_account: "62" }, { state: "sent", payee_account: "62" },
    ] as Books["underWay"];
    expect(kinds(given({ underWay }))).toEqual([["to_complete", 1], ["to_approve", 1], ["to_batch", 1]]);
  });

  it("tells before all else that somebody wants to change where bidders pay", () => {
    const changes = [{ is_confirmed: true }, { is_confirmed: null }] as Books["deposits"]["changes"];
    const refunds = [{ level: "overdue" }] as Books["refunds"];
    expect(kinds(given({ refunds, deposits: { present: [], changes } }))).toEqual([["deposit_account", 1], ["overdue", 1]]);
  });

  it("does not ask to send a file that was sent, or withdrawn", () => {
    const batches = [{ sent_at_us: 5 }, { sent_at_us: null, withdrawal: { confirmed_at_us: 6 } }, { sent_at_us: null, withdrawal: null }] as unknown as Books["batches"];
    expect(kinds(given({ batches }))).toEqual([["to_send", 1]]);
  });

  it("knows the parts of the desk", () => {
    expect([isPart("out"), isPart("nowhere")]).toEqual([true, false]);
  });
});
