// Moments as people read them, always at the centre.
// Belongs here: how a date is written. Does not belong here: spans and countdowns (`lot/standing`).

import { CENTRE_ZONE, language, type Language } from "./language";

const MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const SECOND = { ...MINUTE, second: "2-digit" } as const;
const DAY = { zh: { year: "numeric", month: "2-digit", day: "2-digit" }, en: { year: "numeric", month: "short", day: "numeric" } } as const;

export type Precision = "day" | "minute" | "second" | "time";

/**
 * Whose habits a date follows: Chinese offices write 2026-03-02 (GB/T 7408), which browsers know as the Swedish way;
 * in English the month is a word, because 02/03 is another day on the other side of the Atlantic.
 */
const HABITS: Readonly<Record<Language, string>> = { zh: "sv-SE", en: "en-GB" };

/** By language and precision: making one costs a thousand times as much as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment at the centre as date and time, as a date alone, or as the time alone; the server's pages write the same. */
export function centreMoment(atUs: number, precision: Precision): string {
  const key = `${language()} ${precision}`;
  let format = formats.get(key);
  if (!format) {
    const day = precision === "time" ? {} : DAY[language()];
    const time = precision === "day" ? {} : precision === "minute" ? MINUTE : SECOND;
    format = new Intl.DateTimeFormat(HABITS[language()], { timeZone: CENTRE_ZONE, ...day, ...time });
    formats.set(key, format);
  }
  return format.format(atUs / 1000);
}
