// Receipts of bids that are on record: fetched with their links, and kept as files.

import { get } from "../house/api";
import type { LotDetail, RecordPage } from "../schema";
import { receiptPage, type KeptFile, type ReceiptFacts } from "./receipt_file";

const PAGE = 1000;
const PAGES_MAX = 50;

type Lot = Pick<LotDetail, "lot" | "code" | "title" | "currency">;

/** Keep the receipt of the bid on record at a sequence as a page to print.  Raises ApiError. */
export async function keepReceipt(lot: Lot, sequence: number): Promise<void> {
  const { records } = await get<RecordPage>(`/lots/${lot.lot}/records?after=${sequence - 1}&limit=1`);
  const [facts] = factsOf(lot, records, () => true);
  if (facts) keep(receiptPage(facts));
}

/** Keep all bids of a paddle on record in a lot as one JSON file; returns how many they are.  Raises ApiError. */
export async function keepAllReceipts(lot: Lot, paddle: number): Promise<number> {
  const receipts: ReceiptFacts[] = [];
  let after = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { records, has_more: hasMore } = await get<RecordPage>(`/lots/${lot.lot}/records?after=${after}&limit=${PAGE}`);
    receipts.push(...factsOf(lot, records, (bidder) => bidder === paddle));
    after = records.at(-1)?.sequence ?? after;
    if (!hasMore || records.length === 0) break;
  }
  const text = JSON.stringify({ type: "luochui.receipts", version: 1, lot: lot.lot, code: lot.code, paddle, receipts }, null, 2);
  if (receipts.length) keep({ name: `luochui-${lot.lot}-bids.json`, media: "application/json", text: `${text}\n` });
  return receipts.length;
}

function factsOf(lot: Lot, records: RecordPage["records"], isWanted: (paddle: number) => boolean): ReceiptFacts[] {
  return records.flatMap(({ sequence, at_us, event, link }) => (event.type === "BidPlaced" && isWanted(event.paddle)
    ? [{ lot: lot.lot, code: lot.code, title: lot.title, currency: lot.currency, paddle: event.paddle, kind: "bid", amount: event.amount, sequence, at_us, link, id: "", origin: location.origin }]
    : []));
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
