// What was typed and given stands in its field until it was taken: who is refused corrects a digit and types nothing twice.
// Belongs here: when a field is emptied, and why what stands in it was not taken. Does not belong here: what may be typed.

import { computed, shallowRef, type ComputedRef } from "vue";
import type { Answer } from "../client";
import { words } from "../house/api";
import { say } from "../texts/language";

/** Takes the answer to what was given; true if it is told beside the field. */
export type Told = (answer: Answer) => boolean;

export interface Kept {
  /** Why what stands in the field was not taken; empty where it was not given, or has been changed since. */
  refusal: ComputedRef<string>;
  /** What stands in the field is given now. */
  sent(): Told;
  /** What stood there stands there no more. */
  changed(): void;
}

/**
 * What becomes of what was typed.
 *
 * `typed` is what stands in the field, `clear` empties it, `lead` leads back to it whoever has not gone elsewhere.
 */
export function keep(typed: () => string, clear: () => void, lead: () => void): Kept {
  const refused = shallowRef<Exclude<Answer, { type: "receipt" }> | null>(null);
  const refusal = computed(() => (refused.value ? sentenceOf(refused.value) : ""));
  const changed = () => {
    refused.value = null;
  };
  return {
    refusal,
    changed,
    sent() {
      const text = typed();
      changed();
      return (answer) => {
        if (typed() !== text) return false; // something else has been typed meanwhile
        if (answer.type === "receipt") {
          clear();
          return false;
        }
        refused.value = answer;
        lead();
        return true;
      };
    },
  };
}

/** Hears the answer to another amount, given instead of one that was refused, which is done with once the other was taken. */
export function insteadOf(told: Told | undefined): Told {
  return (answer) => answer.type === "receipt" && (told?.(answer) ?? false);
}

/** What an answer that is no receipt comes to, in a word. */
export function verdictOf(answer: Exclude<Answer, { type: "receipt" }>): string {
  if (answer.type === "refusal") return say("refused");
  return say(answer.code === "OUTCOME_UNKNOWN" ? "not_known" : "not_accepted");
}

function sentenceOf(answer: Exclude<Answer, { type: "receipt" }>): string {
  const { text, next } = words(answer.code, answer.detail);
  return say("refused_beside", { verdict: verdictOf(answer), text: [text, next].filter(Boolean).join(" ") });
}

/** Put the focus into a field, unless somebody works elsewhere by now. */
export function leadTo(field: HTMLElement | null | undefined): void {
  const { activeElement: active } = document;
  if (field && (active === null || active === document.body || field.closest("form")?.contains(active))) field.focus({ preventScroll: true });
}
