// The course of a lot: its records as sentences.

import { money as moneyIn, type Measure } from "../room/measure";
import type { PublicRecord } from "../schema";
import { say } from "../texts/language";
import { centreMoment } from "../texts/moments";
import { itemText } from "./detail";
import type { FormatAt } from "./measures";
import { momentText } from "./standing";

type PublicEvent = PublicRecord["event"];

/** Withheld facts have nothing to show, and a max bid is nobody else's business, whatever the reader may be allowed. */
const HIDDEN: ReadonlySet<string> = new Set([
  "Withheld", "MaxBidLeft", "OfferSubmitted", "OfferSealed", "OfferTakenBack", "ScoresEntered", "ItemsBid",
]);

/** Of more offers than this only the number is told. */
const OFFERS_TOLD = 20;
/** A closed round with more items than this is told by the page's detail instead. */
const ITEMS_TOLD = 6;

/** A record as the API shows it: with its link, and who of the staff acted. */
export type ShownRecord = PublicRecord & { link?: string; by_name?: string };

/** Says who of the staff stands behind an id. */
export type StaffName = (id: number, name: string | undefined) => string;

/** The records that have something to tell. */
export function told(records: readonly ShownRecord[]): ShownRecord[] {
  return records.filter(({ event }) => !HIDDEN.has(event.type));
}

/** A record with what was bid at the time, and in which format. */
export interface MeasuredRecord {
  record: ShownRecord;
  measure: Measure;
  format: string;
}

/** Neighbouring records, latest first, that are drawn together. */
export interface RecordBlock {
  number: number;
  entries: readonly MeasuredRecord[];
}

const BLOCK = 40;

/**
 * Records, oldest first, in blocks, latest first.
 *
 * A block of `known` that would be the same again is the same object, so that it is not drawn again.
 */
export function blocksOf(records: readonly ShownRecord[], measureOf: (record: ShownRecord) => Measure, known: readonly RecordBlock[] = [], formatAt: FormatAt = () => ""): RecordBlock[] {
  const byNumber = new Map<number, MeasuredRecord[]>();
  for (const record of [...records].reverse()) {
    const number = Math.floor(record.sequence / BLOCK);
    const entries = byNumber.get(number) ?? [];
    byNumber.set(number, entries);
    entries.push({ record, measure: measureOf(record), format: formatAt(record.sequence) });
  }
  const before = new Map(known.map((block) => [block.number, block]));
  return [...byNumber].map(([number, entries]) => {
    const block = before.get(number);
    return block && isSame(block.entries, entries) ? block : { number, entries };
  });
}

function isSame(before: readonly MeasuredRecord[], after: readonly MeasuredRecord[]): boolean {
  return before.length === after.length && before.every((one, index) => {
    const other = after[index];
    return one.record === other?.record && one.measure === other.measure && one.format === other.format;
  });
}

/**
 * What happened, as a sentence; bids are shown by their figures instead.
 *
 * `measure` is what was bid at the time, `dimension` what the lot's second dimension counts, if it has one, and `format`
 * that of the phase, in which a round may be a stage with a name of its own.
 */
export function recordText(record: ShownRecord, currency: string, by: StaffName, { measure = moneyIn(currency), dimension = null, format = "" }: { measure?: Measure; dimension?: Measure | null; format?: string } = {}): string {
  const { event } = record;
  const money = (amount: number) => moneyIn(currency).text(amount);
  const sold = (price: number, quantity = 0) => (quantity && dimension ? `${money(price)} + ${dimension.text(quantity)}` : money(price));
  const who = "by" in event ? (event.by === 0 ? say("the_clock") : by(event.by, record.by_name)) : "";
  const end = "ends_at_us" in event && event.ends_at_us ? say("new_end", { moment: endText(event.ends_at_us) }) : "";
  switch (event.type) {
    case "BidderAdmitted": return say("event_BidderAdmitted", { paddle: event.paddle, bidder: event.bidder });
    case "ReserveSet": return say("event_ReserveSet", { amount: money(event.amount) });
    case "PhaseBegan": return say(end ? "event_PhaseBegan_ends" : "event_PhaseBegan", { index: event.index + 1, end });
    case "LotExtended": return say("event_LotExtended", { n: event.extension, end });
    case "LotFrozen": return say(`event_LotFrozen_${event.cause}`, { who, reason: event.reason });
    case "LotPassed": return say("event_LotPassed", { who, reason: say(`passed_${event.reason}`) });
    case "LotSold": return say("event_LotSold", { who, paddle: event.paddle, amount: sold(event.price, event.quantity) });
    case "LotKnockedDown": return say("event_LotKnockedDown", { who, paddle: event.paddle, amount: sold(event.price, event.quantity) });
    case "CapReached": return say(measure.isMoney ? "event_CapReached" : "event_CapReached_units", { amount: measure.text(event.price) });
    case "WinnerDefaulted": return say("event_WinnerDefaulted", { who, paddle: event.paddle, reason: event.reason });
    case "AnnouncementMade": return say("event_AnnouncementMade", { who, text: event.text });
    case "LotAwarded": return say("event_LotAwarded", { who, n: event.awards.length });
    case "OffersRevealed": return offersText(event, who, measure);
    default: return phaseText(event, { who, end, money, format });
  }
}

/** What was inside offers, of each where they are plain amounts and can be told in a line; how many there were anyway. */
function offersText({ offers }: Extract<PublicEvent, { type: "OffersRevealed" }>, who: string, measure: Measure): string {
  const told = say("event_OffersRevealed", { who, n: offers.length });
  const isPlain = offers.every(({ lines = [] }) => lines.length === 0 || (lines.length === 1 && (lines[0]?.[1] ?? 1) === 1));
  if (offers.length === 0 || offers.length > OFFERS_TOLD || !isPlain) return told;
  const each = offers.map(({ paddle, lines = [] }) => `${say("paddle_number", { paddle })} ${lines[0] ? measure.text(lines[0][0]) : say("offer_spoiled")}`);
  return say("event_OffersRevealed_each", { told, each: each.join(" · ") });
}

interface Said {
  who: string;
  end: string;
  money: (amount: number) => string;
  format: string;
}

/** What the phases of the various formats tell. */
function phaseText(event: PublicEvent, { who, end, money, format }: Said): string {
  const price = "price" in event && event.price ? money(event.price) : say("at_market");
  switch (event.type) {
    case "RoundBegan": return stageText(event, format, end) || say(event.is_pause ? "event_RoundPaused" : "event_RoundBegan", { n: event.number, end, price: event.price ? ` ${price}` : "" });
    case "RoundClosed": return roundText(event, money);
    case "Declared": return say("event_Declared", { paddle: event.paddle, word: say(format === "japanese" && event.word === "decline" ? "word_leave" : `word_${event.word}`) });
    case "OffersRanked": return event.places[0] ? say("event_OffersRanked", { paddle: event.places[0].paddle }) : say("event_OffersRanked_none");
    case "HintPublished": return say("event_HintPublished", { n: event.offers, amount: money(event.price) });
    case "EntrantsFixed": return say("event_EntrantsFixed", { n: event.entrants.length });
    case "EntrantsDrawn": return say("event_EntrantsDrawn", { paddle: event.order[0] ?? "—" });
    case "OrderPlaced": return say("event_OrderPlaced", { paddle: event.paddle, side: say(`side_${event.side}`), quantity: event.quantity, price });
    case "OrdersMatched": return say("event_OrdersMatched", { quantity: event.quantity, price });
    case "OrderCancelled": return say("event_OrderCancelled", { order: event.order, quantity: event.quantity });
    case "OrderReplaced": return say("event_OrderReplaced", { order: event.order, quantity: event.quantity, price });
    case "BookUncrossed": return say("event_BookUncrossed", { quantity: event.quantity, price });
    default: return say(`event_${event.type}`, { who, end, reason: "reason" in event ? event.reason : "", n: "warning" in event ? event.warning : "" });
  }
}

/** What is called a round on record and is a stage that people know by a name; empty for what they do call a round. */
function stageText({ number }: Extract<PublicEvent, { type: "RoundBegan" }>, format: string, end: string): string {
  switch (format) {
    case "sealed":
    case "offers": return say(number === 1 ? "stage_opening" : "stage_scoring", { end });
    case "draw": return say(`stage_draw_${number % 3}`, { end });
    case "multi_unit": return say("stage_beacon", { n: number });
    default: return "";
  }
}

/** A closed round with where its items stand. */
function roundText({ number, items }: Extract<PublicEvent, { type: "RoundClosed" }>, money: (amount: number) => string): string {
  if (items.length === 0 || items.length > ITEMS_TOLD) return say("event_RoundClosed", { n: number });
  const stands = items.map((standing) => itemText(standing, money));
  return say("event_RoundClosed_items", { n: number, items: stands.join(" · ") });
}

/** An end of today by its time alone, any other with its date. */
function endText(atUs: number): string {
  const isToday = centreMoment(atUs, "day") === centreMoment(Date.now() * 1000, "day");
  return momentText(atUs, { isShort: isToday });
}
