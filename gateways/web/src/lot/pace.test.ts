import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EVERYDAY, HIDDEN_EVERY_MS, Pace, pace as ofThisPage, SHOWN_EVERY_MS } from "./pace";

const PICTURE_MS = 16;

let hidden = false;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "requestAnimationFrame", "cancelAnimationFrame"] });
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});
afterEach(() => {
  hidden = false;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a change that comes alone is drawn with the next picture", () => {
  const draw = vi.fn();
  new Pace().tell(EVERYDAY, draw);
  expect(draw).not.toHaveBeenCalled();
  vi.advanceTimersByTime(PICTURE_MS);
  expect(draw).toHaveBeenCalledTimes(1);
});

test("changes that come fast are drawn ten times a second, and the last of them always", () => {
  const pace = new Pace();
  let known = 0;
  const drawn: number[] = [];
  const draw = () => drawn.push(known);
  for (let ms = 0; ms < 2_000; ms += 20) {
    known += 1;
    pace.tell(EVERYDAY, draw);
    vi.advanceTimersByTime(20);
  }
  vi.advanceTimersByTime(SHOWN_EVERY_MS);
  expect(drawn.length).toBeGreaterThanOrEqual(18);
  expect(drawn.length).toBeLessThanOrEqual(2_000 / SHOWN_EVERY_MS + 1);
  expect(drawn.at(-1)).toBe(100);
  vi.advanceTimersByTime(5_000);
  expect(drawn.at(-1)).toBe(100);
  expect(drawn.length).toBeLessThanOrEqual(2_000 / SHOWN_EVERY_MS + 1);
});

test("what is rare is drawn at once among what is frequent, and is itself bounded", () => {
  const pace = new Pace();
  const draw = vi.fn();
  pace.tell(EVERYDAY, draw);
  vi.advanceTimersByTime(PICTURE_MS);
  pace.tell(EVERYDAY, draw);
  vi.advanceTimersByTime(PICTURE_MS);
  expect(draw).toHaveBeenCalledTimes(1);
  pace.tell("3 outbid", draw);
  vi.advanceTimersByTime(PICTURE_MS);
  expect(draw).toHaveBeenCalledTimes(2); // with the price that waited
  pace.tell("8 outbid", draw);
  vi.advanceTimersByTime(PICTURE_MS);
  expect(draw).toHaveBeenCalledTimes(3); // another lot's does not wait for the first one's
  pace.tell("3 outbid", draw);
  vi.advanceTimersByTime(PICTURE_MS);
  expect(draw).toHaveBeenCalledTimes(3);
  vi.advanceTimersByTime(SHOWN_EVERY_MS);
  expect(draw).toHaveBeenCalledTimes(4);
});

test("several things that wait are drawn together, each once", () => {
  const pace = new Pace();
  const [one, other] = [vi.fn(), vi.fn()];
  for (let times = 0; times < 3; times += 1) {
    pace.tell(EVERYDAY, one);
    pace.tell("1 hammer", other);
  }
  vi.advanceTimersByTime(PICTURE_MS);
  expect(one).toHaveBeenCalledTimes(1);
  expect(other).toHaveBeenCalledTimes(1);
});

test("a hidden page is kept right once a second, and drawn at once when somebody looks", () => {
  hidden = true;
  const draw = vi.fn();
  for (let ms = 0; ms < 3_000; ms += 20) {
    ofThisPage.tell("1 extended", draw);
    vi.advanceTimersByTime(20);
  }
  expect(draw.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(draw.mock.calls.length).toBeLessThanOrEqual(3_000 / HIDDEN_EVERY_MS + 1);
  ofThisPage.tell(EVERYDAY, draw);
  const before = draw.mock.calls.length;
  hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(draw).toHaveBeenCalledTimes(before + 1);
});

test("a page that is hidden while it waits for a picture does not wait for ever", () => {
  const draw = vi.fn();
  ofThisPage.tell("1 warning", draw);
  hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(draw).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(draw).toHaveBeenCalledTimes(1);
});
