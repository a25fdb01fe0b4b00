// The language of the page: which one, what is said in it, and the switch that keeps the page as it is.

import { createI18n } from "vue-i18n";
import { PHRASES } from "./phrases";

export type Language = "zh" | "en";

/** Texts by key: Chinese, English. A key with `_one` behind it is said when `n` is 1. */
export type Phrases = Record<string, readonly [zh: string, en: string]>;

/** A text that comes in both languages. */
export interface BothLanguages {
  zh: string;
  en: string;
}

export type Values = Record<string, string | number>;

/** Every moment is told as it is at the centre, wherever the reader sits: deadlines are the law's there. */
export const CENTRE_ZONE = "Asia/Shanghai";

/** The pages that the server renders read it too: `gateways/portal`. */
const COOKIE = "luochui_language";
const REMEMBERED_SECONDS = 365 * 24 * 3600;
const HAN = /\p{Script=Han}/u;

export const i18n = createI18n({
  legacy: false,
  locale: remembered() ?? preferred(),
  messages: { zh: inLanguage(PHRASES, 0), en: inLanguage(PHRASES, 1) },
  missingWarn: false,
  fallbackWarn: false,
});

/** Add texts that only some pages need. */
export function addPhrases(phrases: Phrases): void {
  i18n.global.mergeLocaleMessage("zh", inLanguage(phrases, 0));
  i18n.global.mergeLocaleMessage("en", inLanguage(phrases, 1));
}

/** The language now. */
export function language(): Language {
  return i18n.global.locale.value as Language;
}

/** The language now, as browsers name it. */
export function locale(): string {
  return language() === "zh" ? "zh-CN" : "en-GB";
}

/** Switch the language; everything on the page says itself again. */
export function setLanguage(next: Language): void {
  i18n.global.locale.value = next;
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  document.cookie = `${COOKIE}=${next}; path=/; max-age=${REMEMBERED_SECONDS}; samesite=lax`;
}

/** Say a phrase, with `{name}` replaced by `values.name`; one of something may have its own. */
export function say(key: string, values: Values = {}): string {
  const one = `${key}_one`;
  return i18n.global.t(values["n"] === 1 && knows(one) ? one : key, values);
}

/** Tell whether there is a phrase. */
export function knows(key: string): boolean {
  return i18n.global.te(key, "zh");
}

/** Choose from a text that exists in both languages. */
export function pick(text: BothLanguages | null | undefined): string {
  if (!text) return "";
  return language() === "zh" ? text.zh || text.en : text.en || text.zh;
}

/** Read the reader's half of a name that carries both languages in one field, as 甲 / A; any other text is left whole. */
export function half(text = ""): string {
  const [chinese = "", english, ...more] = text.split(" / ");
  const isBoth = english !== undefined && more.length === 0 && HAN.test(chinese) && !HAN.test(english);
  if (!isBoth) return text;
  return language() === "zh" ? chinese : english;
}

function inLanguage(phrases: Phrases, index: 0 | 1): Record<string, string> {
  return Object.fromEntries(Object.entries(phrases).map(([key, pair]) => [key, pair[index].replace(/[@|$]/g, "{'$&'}")]));
}

function remembered(): Language | null {
  const kept = new RegExp(`(?:^|; )${COOKIE}=(zh|en)(?:;|$)`).exec(document.cookie)?.[1];
  return (kept as Language | undefined) ?? null;
}

function preferred(): Language {
  const first = (navigator.languages ?? [navigator.language]).find((name) => /^(zh|en)\b/i.test(name));
  return first?.toLowerCase().startsWith("en") ? "en" : "zh";
}
