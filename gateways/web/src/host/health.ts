// Whether a lot needs its host's hand, as lights in words: what is wrong, what waits, what is near.
// Belongs here: which lights are on. Does not belong here: how they look, doing anything about them.

import { isClosed, type Presence } from "../client";
import { reserveTime } from "../lot/late_reserve";
import type { LotAtDesk, LotCard, LotView } from "../schema";
import { durationText, spanText } from "../lot/standing";
import { say, type Values } from "../texts/language";

export type Level = "bad" | "warn" | "good" | "calm";

export interface Light {
  /** Key of the words, `light_…`. */
  code: string;
  level: Level;
  values?: Values;
}

/** What is known of a lot from wherever it comes. */
export interface Known {
  card: LotCard;
  view: LotView;
  presence: Presence | null;
  desk: LotAtDesk | null;
}

/** Where a lot stands on the board: what waits for the host, what runs by itself, what is to come, what is over. */
export const GROUPS = ["needed", "running", "soon", "later", "over"] as const;
export type Group = (typeof GROUPS)[number];

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
/** What the clock does takes a moment to arrive; later than this it is late. */
const LATE_US = 2 * SECOND_US;
/** So long before an opening or an end somebody can still be called: earlier, nobody has to be there. */
const NEAR_US = 10 * MINUTE_US;
/** Lots that open later than this are no work of this hour. */
const SOON_US = HOUR_US;
/** So long before their deadline bidders are reminded of their deposits; before, they are in no delay. */
const DEPOSITS_SOON_US = 2 * HOUR_US;
const ADMISSION_SOON_US = 24 * HOUR_US;
const REFUSED_MANY = 10;
const WEIGHT: Record<Level, number> = { bad: 3, warn: 2, good: 1, calm: 0 };

/**
 * The lights of a lot, the gravest first; never empty. `nowUs` is the server's time.
 *
 * A light is `bad` or `warn` only where somebody can and should do something about it now.
 */
export function lightsOf(known: Known, nowUs: number): Light[] {
  const { view } = known;
  const lights = isClosed(view) ? closedLights(view) : [...stateLights(known, nowUs), ...peopleLights(known, nowUs), ...moneyLights(known, nowUs)];
  if (lights.length === 0) return [restingLight(view)];
  return lights.sort((one, other) => WEIGHT[other.level] - WEIGHT[one.level]);
}

/** The group of a lot with these lights. */
export function groupOf(view: LotView, lights: readonly Light[], nowUs: number): Group {
  if (isInNeed(lights)) return "needed";
  if (isClosed(view)) return "over";
  if (view.state !== "announced") return "running";
  return view.opens_at_us > 0 && view.opens_at_us - nowUs < SOON_US ? "soon" : "later";
}

/** How much a lot needs its host: greater comes first; among equals the nearer moment. */
export function byNeed(nowUs: number): (one: Known, other: Known) => number {
  const needs = new Map<Known, Need>();
  const of = (known: Known) => {
    const found = needs.get(known) ?? need(known, nowUs);
    needs.set(known, found);
    return found;
  };
  return (one, other) => {
    const [a, b] = [of(one), of(other)];
    return a.group - b.group || b.weight - a.weight || a.atUs - b.atUs || one.card.lot - other.card.lot;
  };
}

/** A light in words. */
export function lightText({ code, values }: Light): string {
  return say(`light_${code}`, values);
}

/** Whether somebody should do something about a lot. */
export function isInNeed(lights: readonly Light[]): boolean {
  return lights.some(({ level }) => level === "bad" || level === "warn");
}

interface Need {
  group: number;
  weight: number;
  atUs: number;
}

function need(known: Known, nowUs: number): Need {
  const { view } = known;
  const moments = [view.opens_at_us, view.ends_at_us, view.resumes_at_us].filter((atUs) => atUs > nowUs);
  const lights = lightsOf(known, nowUs);
  const gravest = lights[0];
  const isRunning = view.state === "open" ? 0.5 : 0;
  return { group: GROUPS.indexOf(groupOf(view, lights, nowUs)), weight: (gravest ? WEIGHT[gravest.level] : 0) + isRunning, atUs: Math.min(...moments, Infinity) };
}

function restingLight(view: LotView): Light {
  if (view.state === "open") return { code: "running", level: "good" };
  return view.bidders ? { code: "ready", level: "good", values: { n: view.bidders } } : { code: "awaits_sign_ups", level: "calm" };
}

function closedLights(view: LotView): Light[] {
  return [view.state === "knocked_down" ? { code: "to_confirm", level: "warn" } : { code: "over", level: "calm" }];
}

function stateLights(known: Known, nowUs: number): Light[] {
  const { view } = known;
  const isPast = (atUs: number) => atUs > 0 && nowUs - atUs > LATE_US;
  const late = (code: string, atUs: number): Light => ({ code, level: "bad", values: { span: spanText(nowUs - atUs) } });
  switch (view.state) {
    case "announced":
      if (!view.opens_at_us) return view.bidders ? [{ code: "to_open", level: "warn", values: { n: view.bidders } }] : [];
      return isPast(view.opens_at_us) ? [late("opens_late", view.opens_at_us)] : [];
    case "frozen":
      if (!view.resumes_at_us) return [{ code: view.freeze_cause === "outage" ? "outage_held" : "held", level: "warn" }];
      if (isPast(view.resumes_at_us)) return [late("resumes_late", view.resumes_at_us)];
      return [{ code: view.freeze_cause === "outage" ? "outage" : "under_notice", level: view.freeze_cause === "outage" ? "warn" : "calm", values: { span: spanText(view.resumes_at_us - nowUs) } }];
    case "open":
      if (isPast(view.ends_at_us)) return [late("ends_late", view.ends_at_us)];
      return openLights(known, nowUs);
    default:
      return [];
  }
}

function openLights({ view, desk }: Known, nowUs: number): Light[] {
  const lights: Light[] = [];
  if (desk?.late_reserve && reserveTime(desk.late_reserve, view, nowUs).when === "now") lights.push({ code: "reserve_due", level: "warn" });
  if (view.host_may_hammer && view.bids > 0 && view.warnings >= view.fair_warnings_min) lights.push({ code: "may_hammer", level: "warn" });
  else if (view.host_may_hammer && view.warnings > 0) lights.push({ code: "warned", level: "warn", values: { n: view.warnings, of: view.fair_warnings_min } });
  if (view.bids > 0 && view.has_reserve && !view.is_reserve_met && isLastCall(view, nowUs)) lights.push({ code: "below_reserve", level: "warn" });
  if (!view.ends_at_us && !view.host_may_hammer) lights.push({ code: "staff_enter", level: "warn" });
  return lights;
}

function peopleLights({ card, view, presence, desk }: Known, nowUs: number): Light[] {
  const lights: Light[] = [];
  const opensWithin = (spanUs: number) => view.state === "announced" && view.opens_at_us > 0 && view.opens_at_us - nowUs < spanUs;
  const isOpenNow = view.state === "open";
  if (view.bidders === 0 && ((isOpenNow && isLastCall(view, nowUs)) || opensWithin(NEAR_US))) lights.push({ code: "nobody_admitted", level: isOpenNow ? "bad" : "warn" });
  // The robots of the demo bid without a connection.
  if (presence && !card.is_demo && isOpenNow && view.bidders > 0 && isLastCall(view, nowUs)) {
    const away = Math.max(0, view.bidders - presence.bidders);
    if (away === view.bidders) lights.push({ code: "all_offline", level: "bad" });
    else if (away > 0) lights.push({ code: "some_offline", level: "warn", values: { n: away, of: view.bidders } });
  }
  if (desk?.admission_pending && (isOpenNow || !view.opens_at_us || opensWithin(ADMISSION_SOON_US))) lights.push({ code: "admission_pending", level: "warn", values: { n: desk.admission_pending } });
  if (desk && desk.refused >= REFUSED_MANY) lights.push({ code: "refused_many", level: "warn", values: { n: desk.refused } });
  return lights;
}

/** Whether an open lot may end any moment: by the host's hand, or by the clock within minutes. */
function isLastCall(view: LotView, nowUs: number): boolean {
  return !view.ends_at_us || view.ends_at_us - nowUs < NEAR_US;
}

function moneyLights({ card, desk }: Known, nowUs: number): Light[] {
  const leftUs = card.deposit_by_us - nowUs;
  const isSoon = card.deposit > 0 && leftUs > 0 && leftUs < DEPOSITS_SOON_US;
  if (!isSoon || !desk?.awaiting_deposit) return [];
  const span = leftUs > HOUR_US ? durationText(Math.floor(leftUs / HOUR_US) * HOUR_US) : spanText(leftUs);
  return [{ code: "deposits_due", level: "warn", values: { n: desk.awaiting_deposit, span } }];
}
