// The figures of a programme that are the thing's own and not its rules': how much is offered, in which unit, up to which
// cap. A rulebook brings figures of its sample; whoever publishes has to see them and put his own in their place. Pure.

import { parseAmount, plainAmount } from "../client";
import type { LotTerms } from "../schema";

type Phase = LotTerms["programme"][number];
type Kind = "amount" | "amounts" | "count" | "points" | "text";

/** Which figures of which format; a path leads into what the phase holds. */
const OWN: Readonly<Record<string, readonly (readonly [path: string, kind: Kind])[]>> = {
  multi_unit: [["supply", "count"], ["unit", "text"], ["lot_size", "count"], ["line_min", "count"], ["bidder_max", "count"]],
  order_book: [["quantity_max", "count"]],
  english: [["cap_price", "amount"]],
  second_dimension: [["unit", "text"], ["start", "count"], ["step", "count"], ["cap", "count"]],
  debt: [["items", "amounts"], ["debt", "amount"], ["costs", "amount"]],
  offers: [["award.price_points", "points"], ["award.points_max", "points"]],
  sealed: [["award.price_points", "points"], ["award.points_max", "points"]],
  turns: [["step", "amount"]],
};

const POINT = 100;
const ITEMS_APART = /[、；;\n]+/;

/** A figure to fill in: `key` names format and path, `own` is what the rulebook brings, as it would be typed. */
export interface OwnFigure {
  key: string;
  kind: Kind;
  own: string;
}

/** Return the figures that the phases of a lot carry, each once. */
export function ownFigures(terms: LotTerms): OwnFigure[] {
  const found = new Map<string, OwnFigure>();
  for (const phase of terms.programme) {
    for (const [path, kind] of OWN[phase.phase] ?? []) {
      const value = at(phase, path);
      if (value) found.set(`${phase.phase}.${path}`, { key: `${phase.phase}.${path}`, kind, own: typed(kind, value) });
    }
  }
  return [...found.values()];
}

/** Return what was typed for a figure as the exchange takes it; undefined where it cannot be read. */
export function readFigure(kind: Kind, text: string): unknown {
  const plain = text.normalize("NFKC").trim();
  if (kind === "text") return plain || undefined;
  if (kind === "amount") return parseAmount(plain, "CNY").amount;
  if (kind === "points") return hundredths(plain);
  if (kind === "count") {
    const count = Number(plain.replaceAll(",", ""));
    return Number.isSafeInteger(count) && count > 0 ? count : undefined;
  }
  const amounts = plain.split(ITEMS_APART).filter(Boolean).map((one) => parseAmount(one, "CNY").amount);
  return amounts.length > 0 && amounts.every(Boolean) ? amounts.map((amount, index) => ({ item: index + 1, opening_price: amount })) : undefined;
}

/** Return a phase with what was typed in the place of the rulebook's figures; what cannot be read stays theirs. */
export function withFigures(phase: Phase, texts: Readonly<Record<string, string>>): Phase {
  let changed = phase;
  for (const [path, kind] of OWN[phase.phase] ?? []) {
    const text = texts[`${phase.phase}.${path}`] ?? "";
    const value = text.trim() && at(phase, path) ? readFigure(kind, text) : undefined;
    if (value !== undefined) changed = put(changed, path.split("."), value) as Phase;
  }
  return changed;
}

/** The last part of a path: the name under which the exchange speaks of the figure. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

/** Whether a field of a phase is among the figures that can be typed. */
export const isOwnField = (name: string): boolean => Object.values(OWN).some((all) => all.some(([path]) => nameOf(path) === name));

function at(phase: Phase, path: string): unknown {
  return path.split(".").reduce<unknown>((held, name) => (held as Record<string, unknown> | undefined)?.[name], phase);
}

function put(held: object, [first = "", ...rest]: string[], value: unknown): object {
  const inner = (held as Record<string, object>)[first];
  return { ...held, [first]: rest.length > 0 && inner ? put(inner, rest, value) : value };
}

function typed(kind: Kind, value: unknown): string {
  if (kind === "amount") return plainAmount(value as number, "CNY");
  if (kind === "points") return String((value as number) / POINT);
  if (kind === "amounts") return (value as { opening_price: number }[]).map((one) => plainAmount(one.opening_price, "CNY")).join("、");
  return String(value);
}

function hundredths(plain: string): number | undefined {
  const points = Math.round(Number(plain) * POINT);
  return plain && Number.isFinite(points) && points > 0 ? points : undefined;
}
