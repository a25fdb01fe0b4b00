// What all parts of the finance desk share: who may do what, and how figures and people are written.

import { inject, provide, ref, shallowRef, type InjectionKey } from "vue";
import { formatAmount, groupedReference } from "../client";
import { sentence } from "../house/api";
import { hasRole, me } from "../house/me";
import { half, say } from "../texts/language";

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
  const sums = new Map<string, number>();
  for (const { amount, currency } of found) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  return [...sums].map(([currency, amount]) => exactly(amount, currency)).join(" + ");
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
    return isDone;
  }

  /** Say why something is not even tried. */
  function refuse(text: () => string): void {
    outcome.value = { isBad: true, text };
  }

  return { act, refuse, changed, isBusy, outcome };
}
