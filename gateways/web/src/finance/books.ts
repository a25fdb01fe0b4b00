// What the desk shows at once, as of one reading. What only one part shows is read by that part.

import { get } from "../house/api";
import type {
  BankAccount, BankAccounts, BankBooks, BankBooksList, Batch, BatchList, DefaultCases, DepositAccounts, DueRefund, PayingAccount, PayingAccounts, Payout, PayoutPage, Periods,
  RefundClocks, ReversalList, SuspenseItem, SuspenseList, TakenFiles, WriteOffs,
} from "../schema";

const FILES = 20;
const BATCHES = 20;
const DONE = 200;

/** Everything that the desk shows, as of one reading. */
export interface Books {
  accounts: BankAccount[];
  /** Where deposits are paid to, and who changed that or wants to. */
  deposits: DepositAccounts;
  taken: TakenFiles;
  suspense: SuspenseItem[];
  refunds: DueRefund[];
  /** Payouts that have not ended, the oldest first; at most a page. */
  underWay: Payout[];
  /** The latest that have ended, the latest first. */
  done: Payout[];
  people: Record<string, string>;
  batches: Batch[];
  payFrom: PayingAccount[];
  banks: BankBooks[];
  writeOffs: WriteOffs;
  defaults: DefaultCases;
  periods: Periods;
  reversals: ReversalList;
}

export async function readBooks(): Promise<Books> {
  const [accounts, deposits, taken, suspense, clocks, underWay, done, batches, payFrom, banks, writeOffs, defaults, periods, reversals] = await Promise.all([
    get<BankAccounts>("/bank/accounts"),
    get<DepositAccounts>("/bank/deposit-accounts"),
    get<TakenFiles>(`/bank/files?limit=${FILES}`),
    get<SuspenseList>("/suspense"),
    get<RefundClocks>("/refund-clocks"),
    get<PayoutPage>("/payouts?under_way=true"),
    get<PayoutPage>(`/payouts?under_way=false&latest=true&limit=${DONE}`),
    get<BatchList>(`/payouts/batches?limit=${BATCHES}`),
    get<PayingAccounts>("/payouts/paying-accounts"),
    get<BankBooksList>("/reconciliation/accounts"),
    get<WriteOffs>("/reconciliation/write-offs?open=true"),
    get<DefaultCases>("/defaults"),
    get<Periods>("/periods"),
    get<ReversalList>("/reversals?open=true"),
  ]);
  return {
    accounts: accounts.accounts,
    deposits,
    taken,
    suspense: suspense.items,
    refunds: clocks.refunds,
    underWay: underWay.payouts,
    done: done.payouts,
    people: { ...underWay.people, ...done.people },
    batches: batches.batches,
    payFrom: payFrom.accounts,
    banks: banks.accounts,
    writeOffs,
    defaults,
    periods,
    reversals,
  };
}
