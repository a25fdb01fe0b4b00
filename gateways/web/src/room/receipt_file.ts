// The receipt of a command as files to keep: JSON for programs, a page to read and to print.
// Belongs here: what stands in them. Does not belong here: asking the server for it.

import { capitalAmount, formatAmount } from "../client";
import { units } from "./measure";
import { CENTRE_ZONE, type BothLanguages } from "../texts/language";

export interface ReceiptFacts {
  lot: number;
  code: string;
  title: BothLanguages;
  currency: string;
  /** What the amount counts where it is no money; empty for money. */
  unit: string;
  paddle: number;
  /** What was given: bid, max_bid or another command's type. */
  kind: string;
  /** Minor units of the currency, or whole numbers of the unit; 0 where the command has no amount. */
  amount: number;
  sequence: number;
  at_us: number;
  /** Link of the lot's hash chain at this record, in hexadecimal. */
  link: string;
  /** The intention's id; empty where it is not at hand. */
  id: string;
  /** Where the exchange is. */
  origin: string;
}

export interface KeptFile {
  name: string;
  media: string;
  text: string;
}

/** The receipt as JSON. */
export function receiptJson(facts: ReceiptFacts): KeptFile {
  const text = JSON.stringify({ type: "luochui.receipt", version: 1, ...facts, at: isoTime(facts.at_us), records: recordAddress(facts) }, null, 2);
  return { name: `${fileName(facts)}.json`, media: "application/json", text: `${text}\n` };
}

/** The receipt as a page by itself, in both languages, that prints on one sheet. */
export function receiptPage(facts: ReceiptFacts): KeptFile {
  const rows = rowsOf(facts).map(([label, text]) => `<tr><th>${escaped(label)}</th><td>${escaped(text)}</td></tr>`).join("\n");
  const title = `报价回执 Receipt #${facts.sequence}`;
  const text = `<!doctype html>
<html lang="zh-Hans">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>
<style>
body { font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #1d1b18; background: #fff; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; border-bottom: 3px solid #a8321f; padding-bottom: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid #d9d3c7; overflow-wrap: anywhere; }
th { font-weight: 400; color: #5d574d; width: 13rem; }
p { font-size: .9rem; }
</style></head>
<body>
<h1>${escaped(title)}</h1>
<table>
${rows}
</table>
<p>该记录及其哈希链接在上述地址公开可查，与本回执逐字一致即为真实；记录编号连续，任何改动都会使其后的链接全部改变。</p>
<p>The record and its link are public at the address above; this receipt is true if they are the same, letter by letter. Records are numbered without gaps, and any change would change every link after it.</p>
</body>
</html>
`;
  return { name: `${fileName(facts)}.html`, media: "text/html", text };
}

/** An address that carries a file in itself, for a link that downloads it. */
export function addressOf(file: KeptFile): string {
  return `data:${file.media};charset=utf-8,${encodeURIComponent(file.text)}`;
}

function rowsOf(facts: ReceiptFacts): [string, string][] {
  const kind = facts.kind === "max_bid" ? "代理报价限价 max bid" : "报价 bid";
  const amount: [string, string][] = facts.amount ? [[facts.unit ? "报价 Bid" : "金额 Amount", amountText(facts)]] : [];
  return [
    ["标的 Lot", `${facts.title.zh} / ${facts.title.en}（${facts.code}）`],
    ["竞买号 Paddle", String(facts.paddle)],
    ["类型 Kind", facts.kind === "bid" || facts.kind === "max_bid" ? kind : facts.kind],
    ...amount,
    ["受理时间 Recorded at", `${centreTime(facts.at_us)}（北京时间 Beijing time）`],
    ["记录编号 Record", `#${facts.sequence}`],
    ["哈希链接 Link", facts.link],
    ...(facts.id ? [["指令编号 Command id", facts.id] satisfies [string, string]] : []),
    ["公开记录 Public record", recordAddress(facts)],
  ];
}

function amountText({ amount, currency, unit }: ReceiptFacts): string {
  if (unit) return units(unit).text(amount);
  const digits = formatAmount(amount, currency, { isExact: true });
  return currency === "CNY" ? `${digits}（${capitalAmount(amount)}）` : digits;
}

function recordAddress({ origin, lot, sequence }: ReceiptFacts): string {
  return `${origin}/api/v1/lots/${lot}/records?after=${sequence - 1}&limit=1`;
}

function fileName({ lot, sequence }: ReceiptFacts): string {
  return `luochui-${lot}-${sequence}`;
}

/** As the clock of the centre showed it, to the microsecond. */
function centreTime(atUs: number): string {
  const toTheSecond = new Intl.DateTimeFormat("sv-SE", { timeZone: CENTRE_ZONE, dateStyle: "short", timeStyle: "medium" }).format(atUs / 1000);
  return `${toTheSecond}.${String(atUs % 1_000_000).padStart(6, "0")}`;
}

function isoTime(atUs: number): string {
  return `${new Date(Math.floor(atUs / 1000)).toISOString().slice(0, -1)}${String(atUs % 1000).padStart(3, "0")}Z`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
