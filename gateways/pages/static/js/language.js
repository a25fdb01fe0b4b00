// The language of the page: which one, what is said in it, and the switch that keeps the page as it is.

import { FINANCE_PHRASES } from "./finance_phrases.js";
import { PHRASES as COMMON_PHRASES } from "./phrases.js";

const PHRASES = { ...COMMON_PHRASES, ...FINANCE_PHRASES };
const KEY = "luochui.language";
const HAN = /\p{Script=Han}/u;
const listeners = [];
let current = remembered() ?? preferred();

/** The language now: "zh" or "en". */
export function language() {
  return current;
}

/** Switch the language; everything that listens says itself again. */
export function setLanguage(next) {
  current = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser without storage forgets the choice; the page still switches.
  }
  translate();
  listeners.forEach((listener) => listener());
}

/** Call `listener` after every switch. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Say a phrase of the dictionary, with `{name}` replaced by `values.name`; one of something may have its own. */
export function say(key, values = {}) {
  const phrase = (values.n === 1 && PHRASES[`${key}_one`]) || PHRASES[key];
  if (!phrase) return key;
  return phrase[current === "zh" ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Tell whether the dictionary has a phrase. */
export function knows(key) {
  return Object.hasOwn(PHRASES, key);
}

/** Choose from a text that exists in both languages. */
export function pick(text) {
  if (!text) return "";
  return (current === "zh" ? text.zh || text.en : text.en || text.zh) ?? "";
}

/** Read the reader's half of a name that carries both languages in one field, as 甲 / A; any other text is left whole. */
export function half(text = "") {
  const [chinese, english, ...more] = text.split(" / ");
  const isBoth = english && more.length === 0 && HAN.test(chinese) && !HAN.test(english);
  if (!isBoth) return text;
  return current === "zh" ? chinese : english;
}

/** Say everything that the page's own markup marks with data-say, data-say-placeholder or data-say-label. */
export function translate() {
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-placeholder]")) {
    node.setAttribute("placeholder", say(node.dataset.sayPlaceholder));
  }
  for (const node of document.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
  }
}

function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "zh" || kept === "en" ? kept : null;
  } catch {
    return null;
  }
}

function preferred() {
  const first = (navigator.languages ?? [navigator.language]).find((name) => /^(zh|en)\b/i.test(name ?? ""));
  return first?.toLowerCase().startsWith("en") ? "en" : "zh";
}
