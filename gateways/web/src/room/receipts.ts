// Receipts of bids that are on record: fetched with their links, and kept as files.

import { get } from "../house/api";
import type { LotDetail, RecordPage } from "../schema";
import { measureIn } from "../lot/measures";
import type { Measure } from "./measure";
import { receiptPage, type KeptFile, type ReceiptFacts } from "./receipt_file";

const PAGE = 1000;
const PAGES_MAX = 50;

type Lot = Pick<LotDetail, "lot" | "code" | "title" | "currency">;
type LinkedRecord = RecordPage["records"][number];

/** Keep the receipt of the bid on record at a sequence, which counted by `measure`, as a page to print.  Raises ApiError. */
export async function keepReceipt(lot: Lot, sequence: number, measure: Measure): Promise<void> {
  const { records: [record] } = await get<RecordPage>(`/lots/${lot.lot}/records?after=${sequence - 1}&limit=1`);
  const facts = record && factsOf(lot, record, measure);
  if (facts) keep(receiptPage(facts));
}

/** Keep all bids of a paddle on record in a lot as one JSON file; returns how many they are.  Raises ApiError. */
export async function keepAllReceipts(lot: Lot, paddle: number): Promise<number> {
  const { terms, view } = await get<LotDetail>(`/lots/${lot.lot}`);
  const receipts: ReceiptFacts[] = [];
  let after = 0;
  let phase = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { records, has_more: hasMore } = await get<RecordPage>(`/lots/${lot.lot}/records?after=${after}&limit=${PAGE}`);
    for (const record of records) {
      const { event } = record;
      if (event.type === "PhaseBegan") phase = event.index;
      const facts = factsOf(lot, record, measureIn(phase, view, terms.programme));
      if (facts?.paddle === paddle) receipts.push(facts);
    }
    after = records.at(-1)?.sequence ?? after;
    if (!hasMore || records.length === 0) break;
  }
  const text = JSON.stringify({ type: "luochui.receipts", version: 1, lot: lot.lot, code: lot.code, paddle, receipts }, null, 2);
  if (receipts.length) keep({ name: `luochui-${lot.lot}-bids.json`, media: "application/json", text: `${text}\n` });
  return receipts.length;
}

function factsOf(lot: Lot, { sequence, at_us, event, link }: LinkedRecord, { unit }: Measure): ReceiptFacts | null {
  if (event.type !== "BidPlaced") return null;
  const { code, title, currency } = lot;
  return { lot: lot.lot, code, title, currency, unit, paddle: event.paddle, kind: "bid", amount: event.amount, sequence, at_us, link, id: "", origin: location.origin };
}

/** Hand a file to the browser, which asks or puts it where downloads go. */
function keep(file: KeptFile): void {
  const address = URL.createObjectURL(new Blob([file.text], { type: `${file.media};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
