// @vitest-environment happy-dom
import { afterEach, beforeAll, expect, test } from "vitest";
import { createApp, h, type App } from "vue";
import type { LotTerms, LotView } from "../schema";
import { addPhrases, i18n, setLanguage } from "../texts/language";
import LateReserve from "./LateReserve.vue";
import { mayEnterReserve } from "./acts";
import { HOST_PHRASES } from "./phrases";

const ENDS_US = 10_000_000_000;
const MINUTE_US = 60_000_000;
const TERMS = { late_reserve: { by: 7, opens_before_us: 30 * MINUTE_US, closes_before_us: 10 * MINUTE_US } } as LotTerms;

let app: App | undefined;

beforeAll(() => {
  addPhrases(HOST_PHRASES);
  setLanguage("en");
});

afterEach(() => app?.unmount());

function viewed(view: Partial<LotView> = {}): LotView {
  return { state: "open", phase: 0, ends_at_us: ENDS_US, takes_late_reserve: true, ...view } as LotView;
}

function said(nowUs: number, view: Partial<LotView> = {}): string {
  const shown = viewed(view);
  const around = document.createElement("div");
  app = createApp({ render: () => h(LateReserve, { terms: TERMS, view: shown, nowUs, byName: "彩云 / Caiyun" }) }).use(i18n);
  app.mount(around);
  return around.textContent ?? "";
}

test("it says who enters it, from when, and how long there is", () => {
  expect(said(ENDS_US - 31 * MINUTE_US)).toMatch(/Caiyun enters it\..*in 00:01:00/);
  expect(said(ENDS_US - 30 * MINUTE_US)).toMatch(/taken now, until .*: 00:20:00 left/);
  expect(said(ENDS_US - 10 * MINUTE_US)).toContain("there is no reserve");
  expect(said(ENDS_US - 10 * MINUTE_US, { soft_close_window_us: MINUTE_US })).toContain("counted anew");
});

test("before its phase runs the time is told from the end, and afterwards that it is entered", () => {
  expect(said(0, { state: "announced", ends_at_us: 0 })).toContain("from 00:30:00 to 00:10:00 before the end");
  expect(said(0, { takes_late_reserve: false, has_reserve: true })).toContain("It is entered.");
  expect(said(0, { state: "sold", takes_late_reserve: false, has_reserve: false })).not.toContain("It is entered.");
});

test("the phase after its own is too late, and a clock that stands still tells it from the end", () => {
  expect(said(0, { phase: 1 })).toContain("there is no reserve");
  expect(said(ENDS_US - 20 * MINUTE_US, { state: "frozen" })).toContain("from 00:30:00 to 00:10:00 before the end");
});

test("it can be entered in its time alone, and by the person named alone", () => {
  const may = (nowUs: number | null, view: Partial<LotView> = {}, who = 7) => mayEnterReserve(TERMS.late_reserve, viewed(view), nowUs, who);
  expect([31, 30, 20, 10, 9].map((minutes) => may(ENDS_US - minutes * MINUTE_US))).toEqual([false, true, true, false, false]);
  expect(may(ENDS_US - 20 * MINUTE_US, {}, 8)).toBe(false);
  expect(may(ENDS_US - 20 * MINUTE_US, { takes_late_reserve: false, has_reserve: true })).toBe(false);
  expect(may(ENDS_US + 5 * MINUTE_US, { ends_at_us: ENDS_US + 30 * MINUTE_US })).toBe(true);
  expect([may(null), mayEnterReserve(null, viewed(), ENDS_US, 7)]).toEqual([false, false]);
});
