// What stands in the papers of a lot: its course line by line, who buys what for how much, and what the chain says of it.
// Belongs here: pure functions of what was read. Does not belong here: asking for it (`reading.ts`), how it looks.

import { dimensionOf, formatsOf, measuresOf } from "../lot/measures";
import { recordText, told, type StaffName } from "../lot/records";
import { momentText } from "../lot/standing";
import type { LinkedRecord, LotDetail, Participant } from "../schema";
import { half, say } from "../texts/language";
import type { Reading } from "./reading";

/** One record as the minutes have it. */
export interface Line {
  sequence: number;
  atUs: number;
  moment: string;
  text: string;
  amount: string;
  link: string;
}

/** Who gets something, and pays for it. */
export interface Buyer {
  paddle: number;
  who: Participant;
  /** Minor units, in all. */
  amount: number;
  /** Units, or what was reached in a second dimension; empty where there is one thing only. */
  quantity: string;
}

/** More bids than this are left out of the minutes until they are asked for. */
export const BIDS_TOLD = 300;

const ENDS: ReadonlySet<string> = new Set(["LotSold", "LotAwarded", "LotPassed", "LotWithdrawn", "LotKnockedDown"]);

/** The course of a lot, oldest first; without its bids where `hasBids` is false. */
export function linesOf({ lot, records }: Reading, hasBids: boolean): Line[] {
  const measures = measuresOf(records, lot.view, lot.terms.programme);
  const formats = formatsOf(records, lot.view, lot.terms.programme);
  const dimension = dimensionOf(lot.view, lot.terms.programme);
  const lines: Line[] = [];
  for (const record of told(records) as LinkedRecord[]) {
    const { event } = record;
    const isBid = event.type === "BidPlaced";
    if (isBid && !hasBids) continue;
    const measure = measures(record.sequence);
    lines.push({
      sequence: record.sequence,
      atUs: record.at_us,
      moment: momentText(record.at_us),
      text: isBid ? bidText(event) : recordText(record, lot.currency, staffName, { measure, dimension, format: formats(record.sequence) }),
      amount: isBid ? measure.text(event.amount) : "",
      link: record.link,
    });
  }
  return lines;
}

/** How many bids there are among the records. */
export function bidsIn(records: readonly LinkedRecord[]): number {
  return records.filter(({ event }) => event.type === "BidPlaced").length;
}

/** Who gets the lot, or parts of it, as it stands; nobody where it passed or was withdrawn. */
export function buyersOf({ lot, participants }: Reading): Buyer[] {
  const { view } = lot;
  const people = new Map(participants.participants.map((one) => [one.paddle, one]));
  const nobody = (paddle: number): Participant => ({ paddle, name: "", partners: [], number: "", representative: "", agent: "" });
  const buyer = (paddle: number, amount: number, quantity: string): Buyer => ({ paddle, who: people.get(paddle) ?? nobody(paddle), amount, quantity });
  if (view.awards.length) {
    return view.awards.filter(({ amount }) => amount > 0).map(({ paddle, amount, quantity, item }) => (
      buyer(paddle, amount, item ? say("paper_item", { item, n: quantity }) : String(quantity))));
  }
  if (!view.winner) return [];
  const dimension = view.hammer_quantity ? dimensionOf(view, lot.terms.programme) : null;
  return [buyer(view.winner, view.hammer_price, dimension ? dimension.text(view.hammer_quantity) : "")];
}

/** The record that ended the lot, or knocked it down. */
export function endOf(records: readonly LinkedRecord[]): LinkedRecord | undefined {
  return records.findLast(({ event }) => ENDS.has(event.type));
}

/** Who of the staff acted, each once. */
export function hostsOf(records: readonly LinkedRecord[]): string[] {
  return [...new Set(records.flatMap(({ by_name: name }) => (name ? [half(name)] : [])))];
}

/** When bidding began; 0 when it never did. */
export function openedAtUs(records: readonly LinkedRecord[]): number {
  return records.find(({ event }) => event.type === "LotOpened")?.at_us ?? 0;
}

/** The number of a paper: the lot's code, and the record that it rests on. */
export function paperNumber(lot: LotDetail, record: LinkedRecord | undefined): string {
  return `${lot.code || lot.lot}-${record?.sequence ?? 0}`;
}

function bidText(event: Extract<LinkedRecord["event"], { type: "BidPlaced" }>): string {
  const who = say("paddle_number", { paddle: event.paddle });
  return say(event.is_proxy ? "paper_bid_proxy" : "paper_bid", { who });
}

const staffName: StaffName = (id, name) => (name ? half(name) : say("staff_number", { id }));
