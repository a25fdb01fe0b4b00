// What a phase asks its bidders, what each answer means there, and what one has answered.
// Belongs here: which words a phase knows. Does not belong here: what follows from them, which the exchange decides.

import { formatAmount, type Room } from "../client";
import type { LotView } from "../schema";
import { say } from "../texts/language";

export type Word = "accept" | "decline" | "waive";

export interface Meanings {
  question: string;
  words: { word: Word; label: string; meaning: string }[];
  /** What saying nothing means. */
  silence: string;
}

/** What is asked now, in words. */
export function meaningsOf(view: LotView): Meanings {
  const key = questionOf(view);
  const { detail } = view;
  const called = detail?.kind === "rounds" ? detail.price : 0;
  const values = { price: formatAmount(called || view.price || view.asking_price, view.currency) };
  const words = detail?.kind === "rounds" && detail.words?.length ? detail.words : wordsOf(key);
  return {
    question: say(`asked_${key}`, values),
    words: words.map((word) => ({ word, label: say(key === "leave" ? "word_leave" : `word_${word}`), meaning: say(`asked_${key}_${word}`, values) })),
    silence: say(`asked_${key}_silence`, values),
  };
}

function wordsOf(key: string): Word[] {
  return key === "waive" ? ["waive"] : ["accept", "decline"];
}

/** Whether a room's own paddle is asked for its word now: in some phases only those with a right, or a part, are. */
export function isAsked({ view, you }: Room): boolean {
  const paddle = you?.paddle ?? 0;
  if (!paddle || view?.state !== "open" || !view.accepts.includes("declare") || questionOf(view) === "waive") return false;
  if (view.detail?.kind !== "asked") return view.format === "japanese" && questionOf(view) !== "leave";
  return !view.detail.paddles.length || view.detail.paddles.includes(paddle);
}

/** Whether one has left a Japanese clock, or let its entry pass: there is no way back. */
export function hasLeft({ records, you, view }: Room): boolean {
  if (view?.format !== "japanese" || !you?.paddle) return false;
  const begun = records.findLastIndex(({ event }) => event.type === "PhaseBegan");
  const words = records.slice(begun + 1).flatMap(({ event }) => (event.type === "Declared" && event.paddle === you.paddle ? [event.word] : []));
  const isEntryOver = view.detail?.kind === "rounds" && view.detail.number > 0;
  return isEntryOver && begun >= 0 && (words.length === 0 || words.includes("decline"));
}

/** What one has answered in the phase that runs, as far as the records at hand tell; null for nothing yet. */
export function answerOf({ records, you, view }: Room): Word | null {
  const isEachRound = view?.format === "japanese" || view?.format === "simultaneous";
  const last = records.findLast(({ event }) => event.type === "PhaseBegan" || (isEachRound && event.type === "RoundBegan") || (event.type === "Declared" && event.paddle === you?.paddle))?.event;
  return last?.type === "Declared" ? last.word : null;
}

function questionOf({ format, detail }: LotView): string {
  if (format === "draw") return "draw";
  if (detail?.kind === "asked") return detail.question;
  if (format === "japanese") return questionOfClock(detail);
  return format === "simultaneous" ? "waive" : "go_on";
}

/** A clock asks who enters; then either each round who stays, or only who leaves has to say so. */
function questionOfClock(detail: LotView["detail"]): "enter" | "stay" | "leave" {
  if (detail?.kind !== "rounds" || detail.number === 0) return "enter";
  return detail.words?.includes("accept") ? "stay" : "leave";
}
