// How the amounts of a running phase are written and read: as money, or as units where a second dimension is bid in.
// Belongs here: text and back. Does not belong here: which amounts may be bid (`ladder`).

import { formatAmount, parseAmount, plainAmount, readBackOf, type ParsedAmount } from "../client";
import type { LotView } from "../schema";
import { half, language } from "../texts/language";

export interface Measure {
  /** What is counted; empty for money. */
  unit: string;
  /** Money has an uppercase reading and units of 万 and 亿; a count of units has neither. */
  isMoney: boolean;
  text: (amount: number, options?: { isExact?: boolean }) => string;
  /** As an input field takes it. */
  plain: (amount: number) => string;
  parse: (typed: string) => ParsedAmount;
  /** What reads back a typed amount so that a slip shows: exact digits, the short form, 大写. */
  readBack: (amount: number, locale: string) => string[];
}

/** What units that rulebooks write as signs are called in Chinese; the server's notices say the same. */
const SIGNS: Record<string, string> = { t: "吨", kg: "公斤", "m²": "平方米", plate: "个指标", share: "股" };

const COUNT = /^\d{1,15}$/;

/** By currency or unit, of which a lot has very few: a measure is the same object as long as it means the same. */
const moneys = new Map<string, Measure>();
const counts = new Map<string, Measure>();

/** The measure of what is bid in a lot now. */
export function measureOf(view: LotView): Measure {
  return view.detail?.kind === "dimension" ? units(view.detail.unit) : money(view.currency);
}

/** What a unit is called in the reader's language. */
export function unitName(unit: string): string {
  const mine = half(unit);
  return language() === "zh" ? (SIGNS[mine] ?? mine) : mine;
}

/** Amounts of money in minor units. */
export function money(currency: string): Measure {
  return kept(moneys, currency, () => moneyIn(currency));
}

/** Whole numbers of a unit of a second dimension. */
export function units(unit: string): Measure {
  return kept(counts, unit, () => countOf(unit));
}

function kept(measures: Map<string, Measure>, name: string, make: () => Measure): Measure {
  const known = measures.get(name) ?? make();
  measures.set(name, known);
  return known;
}

function moneyIn(currency: string): Measure {
  return {
    unit: "",
    isMoney: true,
    text: (amount, options) => formatAmount(amount, currency, options),
    plain: (amount) => plainAmount(amount, currency, { isGrouped: true }),
    parse: (typed) => parseAmount(typed, currency),
    readBack: (amount, locale) => readBackOf(amount, currency, locale),
  };
}

function countOf(unit: string): Measure {
  const plain = (amount: number) => plainAmount(amount, "JPY", { isGrouped: true });
  // 0.01 % as a unit would read as another figure behind the count: 150 × 0.01 %.
  const text = (amount: number) => `${plain(amount)}${/^\d/.test(unit) ? " ×" : ""} ${unitName(unit)}`.trimEnd();
  return { unit, isMoney: false, text, plain, parse: counted, readBack: (amount) => [text(amount)] };
}

/** Read a count of whole units. */
export function counted(typed: string): ParsedAmount {
  const text = typed.normalize("NFKC").replace(/[\s,]/g, "");
  if (!text) return { problem: "EMPTY" };
  if (!COUNT.test(text)) return { problem: /^\d+\.\d+$/.test(text) ? "TOO_FINE" : "NOT_AN_AMOUNT" };
  return Number(text) === 0 ? { problem: "ZERO" } : { amount: Number(text) };
}
