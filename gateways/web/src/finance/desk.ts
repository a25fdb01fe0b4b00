// What all parts of the finance desk share: who may do what, and how figures and people are written.

import { inject, nextTick, provide, ref, shallowRef, type InjectionKey } from "vue";
import { formatAmount, groupedReference, readBackOf } from "../client";
import { sentence } from "../house/api";
import { hasRole, me } from "../house/me";
import { momentText } from "../lot/standing";
import { half, knows, locale, say } from "../texts/language";
import { centreMoment } from "../texts/moments";

/** Called after something was done, so that every part shows where things stand now. */
type Changed = () => Promise<void>;

const CHANGED: InjectionKey<Changed> = Symbol("changed");

export const isMaker = (): boolean => hasRole("finance", "cashier");
export const isChecker = (): boolean => hasRole("finance", "checker");
export const isDivider = (): boolean => hasRole("finance", "cashier", "accountant");
export const isAccountant = (): boolean => hasRole("finance", "accountant");

/** Whether the demo bank is there to try the desk with. */
export const isDemo = (): boolean => me.value.demo;

/** Minor units with all digits of the fraction, as books have them. */
export function exactly(amount: number, currency: string): string {
  return formatAmount(amount, currency, { isExact: true });
}

/** A sum as it is read back before something is done with it: in figures, and in capital numerals where they are in use. */
export function readBack(amount: number, currency: string): string {
  return readBackOf(Math.abs(amount), currency, locale()).join(" · ");
}

const CENTRE_OFFSET_US = 8 * 3_600_000_000;
const DAY_US = 86_400_000_000;

/** The day at the centre. */
export function today(): string {
  return new Date(Date.now() + CENTRE_OFFSET_US / 1000).toISOString().slice(0, 10);
}

/** Until when something is due: a midnight is the end of the day before it, as people say it. */
export function dueText(atUs: number): string {
  if ((atUs + CENTRE_OFFSET_US) % DAY_US) return say("clock_due", { at: momentText(atUs) });
  return say("clock_due_day", { day: centreMoment(atUs - DAY_US, "day") });
}

/** What a posting was for, in words. */
export function purposeText(purpose: string): string {
  const key = `purpose_${purpose}`;
  return knows(key) ? say(key) : purpose;
}

/** An account of the books in words where it is one that people know, with its lot and bidder. */
export function accountText(code: string): string {
  const [side = "", name = "", ...rest] = code.split(":");
  const key = `account_${side}_${name}`.replaceAll("-", "_");
  if (!knows(key)) return code;
  const whose = rest.map((part) => part.replace(/^lot-(\d+)$/, (_, lot: string) => say("lot_number", { lot })).replace(/^bidder-(\d+)$/, (_, id: string) => say("account_number", { id }))).filter((part) => !/^[a-z]{3}$/.test(part));
  return [say(key), ...whose].join(" ");
}

/** A balance as its side of the books has it: what is owed and what was earned counts up, like what is there. */
export function shownBalance({ code, currency }: { code: string; currency: string }, balance: number): string {
  return exactly(/^(liabilities|income):/.test(code) ? -balance || 0 : balance, currency);
}

/** The name of whoever acted; 0 is the system itself. */
export function personName(people: Record<string, string>, id: number): string {
  return id ? half(people[id] ?? String(id)) : say("the_system");
}

/** Let the parts below tell that something was done. */
export function provideChanged(changed: Changed): void {
  provide(CHANGED, changed);
}

/** A refund clock in words: `working_days:5` is five working days. */
export function clockText(clock: string): string {
  const [unit = "", n = ""] = clock.split(":");
  return say(`within_${unit}`, { n });
}

/** The sum of amounts, by currency. */
export function amounts(found: readonly { amount: number; currency: string }[]): string {
  return [...sumsOf(found)].map(([currency, amount]) => exactly(amount, currency)).join(" + ");
}

function sumsOf(found: readonly { amount: number; currency: string }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { amount, currency } of found) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  return sums;
}

/** The sums of amounts as they are read back, a line for each currency. */
export function amountsReadBack(found: readonly { amount: number; currency: string }[]): string[] {
  return [...sumsOf(found)].map(([currency, amount]) => readBack(amount, currency));
}

/** A reference in groups where it is one; what a payer has written instead stays as he wrote it. */
export function writtenReference(text: string): string {
  return /^[\d\s-]+$/.test(text) ? groupedReference(text) : text;
}

/** Do something and remember what came of it (see `useActs`). */
export type Act = <Answer>(work: () => Promise<Answer>, told?: (answer: Answer) => string) => Promise<boolean>;

/** What came of the last act of one part of the desk. */
export interface Outcome {
  isBad: boolean;
  /** Says it, in the language of the moment. */
  text: () => string;
}

/** A way to do something: remembers what came of it, and has everything shown anew. */
export function useActs() {
  const changed = inject(CHANGED, async () => {});
  const outcome = shallowRef<Outcome | null>(null);
  const isBusy = ref(false);

  /** Do something; returns whether it was done. When it was, `told` makes the text of its answer. */
  async function act<Answer>(work: () => Promise<Answer>, told: (answer: Answer) => string = () => ""): Promise<boolean> {
    isBusy.value = true;
    let isDone = true;
    try {
      const answer = await work();
      outcome.value = { isBad: false, text: () => told(answer) };
    } catch (error) {
      sentence(error); // goes on with what is not an answer of the API
      isDone = false;
      outcome.value = { isBad: true, text: () => sentence(error) };
    }
    isBusy.value = false;
    await changed();
    await nextTick();
    // told once more now that what was pressed may be gone, so that the keyboard finds its place
    if (outcome.value) outcome.value = { ...outcome.value };
    return isDone;
  }

  /** Say why something is not even tried. */
  function refuse(text: () => string): void {
    outcome.value = { isBad: true, text };
  }

  return { act, refuse, changed, isBusy, outcome };
}
