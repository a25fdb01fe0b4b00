// Where a lot stands, in words: its state, its price, and the countdown by the server's clock.
// The countdown only shows; the end is the server's word.

import { formatAmount, isClosed, mayReturn, SIGNED_OUT, type LiveConnection } from "../client";
import { unitName, units } from "../room/measure";
import type { LotView } from "../schema";
import { say } from "../texts/language";
import { centreMoment } from "../texts/moments";
import { dimensionOf } from "./measures";

const SECOND_US = 1_000_000;
const URGENT_US = 60 * SECOND_US;
/** Formats in which the price itself is called. */
const CALLED: ReadonlySet<string> = new Set(["dutch", "japanese"]);
const MARKETS: ReadonlySet<string> = new Set(["order_book", "call_auction"]);
/** Formats in which no bids are made, or none that anybody sees. */
const UNCOUNTED: ReadonlySet<string> = new Set(["offers", "sealed", "multi_unit", "draw", "interval", "first_refusal", "japanese", "simultaneous"]);
const TENTHS_BELOW_US = 10 * SECOND_US;

export interface Countdown {
  /** Key of the label. */
  label: string;
  text: string;
  isUrgent: boolean;
}

/** What matters now, with its label's key: opening, leading or hammer price, or what leads in a second dimension; `each` names the unit that has this price. */
export function shownPrice(view: LotView): { label: string; text: string; each?: string } {
  const money = (amount: number) => formatAmount(amount, view.currency);
  if (view.winner) return { label: "hammer_price", text: withQuantity(money(view.hammer_price), view) };
  const { detail } = view;
  const isOpen = view.state === "open" || view.state === "frozen";
  if (isOpen && detail?.kind === "rounds" && detail.price && CALLED.has(view.format)) return { label: "called_price", text: money(detail.price) };
  if (detail?.kind === "depth") return detail.last_price ? { label: "last_price", text: money(detail.last_price) } : { label: "reference_price", text: money(view.opening_price) };
  if (detail?.kind === "supply") return { label: view.price ? "clearing_price" : "opening_price_each", text: money(view.price || view.opening_price), each: say("per_unit", { unit: unitName(detail.unit) }) };
  if (detail?.kind === "dimension" && detail.quantity && !isClosed(view)) return { label: "leading_bid", text: units(detail.unit).text(detail.quantity) };
  if (view.price && view.awards?.length) return { label: "hammer_price", text: money(view.price) };
  return view.price ? { label: isClosed(view) ? "highest_bid" : "leading_price", text: money(view.price) } : { label: view.direction === "falling" ? "ceiling_price" : "opening_price", text: money(view.opening_price) };
}

/** What matters now as text; where it is the price of a unit, with the unit. */
export function priceText(view: LotView): string {
  const { text, each = "" } = shownPrice(view);
  return text + each;
}

/** A hammer price with what goes with it where the price was capped and something else decided. */
export function withQuantity(price: string, view: LotView): string {
  const dimension = dimensionOf(view);
  return view.hammer_quantity && dimension ? `${price} + ${dimension.text(view.hammer_quantity)}` : price;
}

/** Who leads, or has won, as a paddle; "you" where it is one's own. */
export function leaderText(view: LotView, paddle: number): string {
  const leader = view.winner || (isClosed(view) ? 0 : view.leader);
  if (!leader) return "—";
  const name = say("paddle_number", { paddle: leader });
  return leader === paddle ? `${name} ${say("you_in_brackets")}` : name;
}

/** Bids, bidders, extensions and reserve in one line. */
export function numbersText(view: LotView): string {
  const parts = [...bidsText(view), say("n_bidders", { n: view.bidders })];
  if (view.extensions) parts.push(say("n_extensions", { n: view.extensions }));
  if (view.has_reserve) parts.push(say(view.is_reserve_met ? "reserve_met" : "reserve_not_met"));
  return parts.join(" · ");
}

/** How many bids there were, where that can be known: hidden offers are counted only once they are revealed. */
export function bidsText({ format, bids }: LotView): string[] {
  if (MARKETS.has(format)) return [say("n_orders", { n: bids })];
  return bids || !UNCOUNTED.has(format) ? [say("n_bids", { n: bids })] : [];
}

/** What the clock says of a lot; `nowUs` is the server's time, null while unknown. */
export function countdown(view: LotView, nowUs: number | null): Countdown {
  switch (view.state) {
    case "announced":
      return view.opens_at_us ? until("opens", view.opens_at_us, nowUs, "waiting_to_open") : standing("opens_label", "host_opens");
    case "open":
      return view.ends_at_us ? until(endOf(view), view.ends_at_us, nowUs, "waiting_for_hammer") : standing("ends_label", view.host_may_hammer ? "host_hammers" : "staff_enter");
    case "frozen":
      return view.resumes_at_us ? until("resumes", view.resumes_at_us, nowUs, "waiting_to_resume") : standing("resumes_label", "host_resumes");
    default:
      return standing("ended_label", `state_${view.state}`);
  }
}

/** A moment as date and time at the centre; `isShort` leaves the date out, `hasZone` names the zone. */
export function momentText(atUs: number, { isShort = false, hasZone = false } = {}): string {
  const text = centreMoment(atUs, isShort ? "time" : "second");
  return hasZone ? `${text} ${say("centre_zone")}` : text;
}

/** Until when something is due: the end of a day is told as 24:00 of that day, because midnight reads as the day after. */
export function dueText(atUs: number): string {
  if (momentText(atUs, { isShort: true }) !== "00:00:00") return momentText(atUs, { hasZone: true });
  return `${centreMoment(atUs - SECOND_US, "day")} 24:00 ${say("centre_zone")}`;
}

/** A span of time as hours, minutes and seconds, with days in front when there are some. */
export function spanText(spanUs: number): string {
  const seconds = Math.max(0, Math.floor(spanUs / SECOND_US));
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0")).join(":");
  const days = Math.floor(seconds / 86_400);
  return days ? say("days_and", { days, clock }) : clock;
}

/** A configured duration in words: days, hours, minutes or seconds, whichever is even. */
export function durationText(spanUs: number): string {
  const seconds = spanUs / SECOND_US;
  for (const [unit, key] of [[86_400, "n_days"], [3600, "n_hours"], [60, "n_minutes"]] as const) {
    if (seconds >= unit && seconds % unit === 0) return say(key, { n: seconds / unit });
  }
  return say("n_seconds", { n: seconds });
}

/** What state the connection is in. */
export function connectionText(connection: LiveConnection): string {
  if (connection.state === "disconnected" && !mayReturn(connection.closeCode)) {
    return say(connection.closeCode === SIGNED_OUT ? "signed_out" : "connection_ended", { code: connection.closeCode });
  }
  return say(`connection_${connection.state}`);
}

/** How far the clock here is off, and how long an answer takes; empty until measured. */
export function clockText(connection: LiveConnection): string {
  const { answerMs, clock: { behindMs } } = connection;
  if (connection.state !== "live" || behindMs === null || answerMs === null) return "";
  const offset = say("clock_offset", { offset: signed(Math.round(behindMs / 10) / 100) });
  return `${offset} · ${say("round_trip", { ms: Math.max(1, Math.round(answerMs)) })}`;
}

function signed(seconds: number): string {
  return seconds === 0 ? "0.00" : `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(2)}`;
}

/** What ends when the clock of an open lot runs out: all of the bidding, or only a round of it. */
function endOf({ detail, format }: LotView): "ends" | "round_ends" | "round_begins" | "entry_ends" | "price_moves" {
  if (detail?.kind === "items" && format === "simultaneous") return detail.open_items.length ? "round_ends" : "round_begins";
  if (detail?.kind !== "rounds") return "ends";
  if (detail.is_pause && format === "japanese") return "entry_ends";
  if (detail.is_pause) return "round_begins";
  return CALLED.has(format) ? "price_moves" : "round_ends";
}

function until(what: "opens" | "ends" | "resumes" | "round_ends" | "round_begins" | "entry_ends" | "price_moves", atUs: number, nowUs: number | null, over: string): Countdown {
  if (nowUs === null) return { label: `${what}_label`, text: momentText(atUs), isUrgent: false };
  const label = `${what}_in`;
  const leftUs = atUs - nowUs;
  if (leftUs <= 0) return { label, text: say(what.startsWith("round") || what === "entry_ends" || what === "price_moves" ? "waiting_for_round" : over), isUrgent: true };
  const text = leftUs < TENTHS_BELOW_US ? say("seconds_left", { n: (Math.ceil(leftUs / 100_000) / 10).toFixed(1) }) : spanText(leftUs);
  return { label, text, isUrgent: (what === "ends" || what === "round_ends") && leftUs < URGENT_US };
}

function standing(label: string, key: string): Countdown {
  return { label, text: say(key), isUrgent: false };
}
