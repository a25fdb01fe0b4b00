// What the running phase is about and what it takes, in words, before anything is typed: from the lot's own terms.
// Belongs here: sentences for bidders. Does not belong here: whether an amount is taken, which the exchange decides.

import type { LotTerms, LotView } from "../schema";
import { say } from "../texts/language";
import { money, units } from "./measure";

type Phase = LotTerms["programme"][number];
type Of<Name extends Phase["phase"]> = Extract<Phase, { phase: Name }>;

const OF_CONTESTS = {
  base: "opening", least: 0, most: null, least_is_excluded: false, most_is_excluded: false, unit: 1, revisions_max: 0, award: { rule: "best_price" },
};
const OF_MARKETS = { tick: 1, quantity_step: 1, quantity_min: 1, quantity_max: 99_999, band: 1_000 };

/** What holds where the terms do not say: they leave out what is as usual. A test compares it with the exchange's own. */
export const USUAL: Readonly<Partial<Record<Phase["phase"], object>>> = {
  offers: { ...OF_CONTESTS, distinct_amounts: false },
  sealed: OF_CONTESTS,
  multi_unit: { pricing: "uniform", lot_size: 1, line_min: 1, lines_max: 10, bidder_max: null, price_step: 1, revisions_max: null },
  call_auction: OF_MARKETS,
  order_book: OF_MARKETS,
  simultaneous: { is_clock: false, waivers: 0 },
  japanese: { must_confirm: false },
  interval: { inquiry: "nothing" },
  english: { cap_price: 0 },
};

/** A phase of a programme with everything that holds in it; undefined beyond its end. */
export function phaseAt(programme: readonly Phase[] | undefined, index: number): Phase | undefined {
  const phase = programme?.[index];
  return phase && ({ ...USUAL[phase.phase], ...phase } as Phase);
}

/** How the running phase is decided, what it takes, and what comes after it. */
export function takesOf(view: LotView, programme: readonly Phase[]): string[] {
  const phase = phaseAt(programme, view.phase);
  return phase ? [...howOf(phase), ...figuresOf(phase, view), ...nextOf(view, programme)] : [];
}

/** Whether an offer made now can still be replaced; there is only one where it cannot. */
export function isOnlyOffer(phase: Phase | undefined): boolean {
  return (phase?.phase === "offers" || phase?.phase === "multi_unit" || phase?.phase === "sealed") && phase.revisions_max === 0;
}

/** How many lines an offer may have. */
export function linesMax(phase: Phase | undefined): number {
  return phase?.phase === "multi_unit" ? phase.lines_max : 1;
}

/** English bidding needs no words; what else there is does, for whoever meets it for the first time. */
function howOf(phase: Phase): string[] {
  switch (phase.phase) {
    case "english": return [];
    case "offers":
    case "sealed": return [say(`how_${phase.phase}`), say(`how_award_${phase.award.rule}`)];
    case "multi_unit": return [say("how_multi_unit"), say(`how_pricing_${phase.pricing}`)];
    case "simultaneous": return [say(phase.is_clock ? "how_clock" : "how_simultaneous")];
    case "japanese": return [say("how_japanese"), say(phase.must_confirm ? "how_japanese_confirm" : "how_japanese_stay")];
    case "interval": return phase.inquiry === "nothing" ? [say("how_pause")] : [];
    default: return [say(`how_${phase.phase}`)];
  }
}

function figuresOf(phase: Phase, view: LotView): string[] {
  switch (phase.phase) {
    case "offers": return offerFigures(phase, view);
    case "multi_unit": return unitFigures(phase, view);
    case "call_auction":
    case "order_book": return orderFigures(phase, view);
    case "english": return phase.cap_price ? [say("takes_cap", { price: money(view.currency).text(phase.cap_price) })] : [];
    default: return [];
  }
}

function offerFigures(phase: Of<"offers">, view: LotView): string[] {
  const { text } = money(view.currency);
  const lines = bounds(phase, view).map(({ isLower, isExcluded, amount }) => say(isLower ? (isExcluded ? "takes_above" : "takes_from") : isExcluded ? "takes_below" : "takes_to", { amount: text(amount) }));
  if (phase.unit > 1) lines.push(say("takes_unit", { amount: text(phase.unit) }));
  if (phase.distinct_amounts) lines.push(say("takes_distinct"));
  return [...lines, revisions(phase.revisions_max)];
}

interface Bound {
  isLower: boolean;
  isExcluded: boolean;
  amount: number;
}

/** Between which amounts an offer lies, as far as that is the same for everybody: counted from the base, upwards or downwards. */
function bounds(phase: Of<"offers">, view: LotView): Bound[] {
  if (phase.base === "own") return [];
  const isDown = phase.base !== "absolute" && view.direction === "falling";
  const base = { absolute: 0, opening: view.opening_price, price: view.price || view.opening_price }[phase.base];
  const from = (better: number) => base + (isDown ? -better : better);
  const found: Bound[] = [];
  if (from(phase.least) > 0) found.push({ isLower: !isDown, isExcluded: phase.least_is_excluded, amount: from(phase.least) });
  if (phase.most !== null && from(phase.most) > 0) found.push({ isLower: isDown, isExcluded: phase.most_is_excluded, amount: from(phase.most) });
  return found;
}

function unitFigures(phase: Of<"multi_unit">, view: LotView): string[] {
  const many = (quantity: number) => units(phase.unit).text(quantity);
  const lines = [say("takes_quantity", { from: many(phase.line_min), step: many(phase.lot_size) })];
  if (phase.bidder_max !== null) lines.push(say("takes_bidder_max", { most: many(phase.bidder_max) }));
  if (phase.lines_max > 1) lines.push(say("takes_lines", { n: phase.lines_max }));
  lines.push(say("takes_price_step", { step: money(view.currency).text(phase.price_step) }));
  return phase.revisions_max === null ? lines : [...lines, revisions(phase.revisions_max)];
}

function orderFigures(phase: Of<"call_auction"> | Of<"order_book">, view: LotView): string[] {
  const { text } = money(view.currency);
  const count = (quantity: number) => units("").text(quantity);
  const lines = [
    say("takes_order", { from: count(phase.quantity_min), to: count(phase.quantity_max) }),
    say("takes_price_step", { step: text(phase.tick) }),
  ];
  if (phase.quantity_step > 1) lines.push(say("takes_quantity_step", { step: count(phase.quantity_step) }));
  if (phase.band !== null) lines.push(say("takes_band", { share: phase.band / 100, price: text(view.opening_price) }));
  return lines;
}

function revisions(max: number): string {
  return max ? say("takes_revisions", { n: max }) : say("takes_once");
}

/** What follows, where something does, so that nobody is surprised by it. */
function nextOf(view: LotView, programme: readonly Phase[]): string[] {
  if (programme.length < 2) return [];
  const names = programme.slice(view.phase + 1).map(({ phase }) => say(`format_${phase}`));
  const place = say("phase_of", { n: view.phase + 1, of: programme.length });
  return [names.length ? say("phase_then", { place, names: names.join(" → ") }) : place];
}
