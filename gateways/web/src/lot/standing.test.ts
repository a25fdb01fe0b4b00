import { expect, it } from "vitest";
import type { LotView } from "../schema";
import { setLanguage } from "../texts/language";
import { countdown, dueText, durationText, spanText } from "./standing";

setLanguage("en");
const VIEW = { state: "open", currency: "CNY", price: 100, asking_price: 110, leader: 1, winner: 0, ends_at_us: 5_000_000 } as LotView;

it("the countdown never ends a lot", () => {
  expect([4_000_000, 5_000_000, 9_000_000].map((now) => countdown(VIEW, now).text)).toEqual(["1.0 s", "Waiting for the hammer", "Waiting for the hammer"]);
});

it("an end is a moment until the server's time is known", () => {
  expect(countdown(VIEW, null).label).toBe("ends_label");
});

it("spans and durations are said in the largest even unit", () => {
  expect(spanText(90_061_000_000)).toBe("1 d 01:01:01");
  expect([60, 90, 7200, 86_400].map((seconds) => durationText(seconds * 1_000_000))).toEqual(["1 min", "90 s", "2 h", "1 d"]);
});

it("where staff have to enter something the clock says so", () => {
  const texts = [true, false].map((host) => countdown({ ...VIEW, ends_at_us: 0, host_may_hammer: host }, 0).text);
  expect(texts).toEqual(["When the host hammers", "When staff have entered what is missing"]);
});

it("what is due by the end of a day is told with that day", () => {
  const midnight = Date.parse("2026-11-28T00:00:00+08:00") * 1000;
  expect(dueText(midnight)).toMatch(/^27 Nov 2026 24:00 /);
  expect(dueText(midnight + 60_000_000)).toContain("00:01:00");
});
