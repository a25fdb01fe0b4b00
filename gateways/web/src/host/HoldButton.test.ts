// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, ref, type App } from "vue";
import HoldButton from "./HoldButton.vue";

const guard = ref("1 bid");
const why = ref("");
let app: App;
let button: HTMLButtonElement;
let done: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  done = [];
  guard.value = "1 bid";
  why.value = "";
  const around = document.body.appendChild(document.createElement("div"));
  app = createApp({ render: () => h(HoldButton, { guard: guard.value, why: why.value, onHeld: () => done.push("held"), onTapped: () => done.push("tapped") }, () => "Hammer") });
  app.mount(around);
  button = around.querySelector("button")!;
});

afterEach(() => {
  app.unmount();
  document.body.replaceChildren();
  vi.useRealTimers();
});

/** Press with a finger or a mouse for so long, and let go. */
function press(milliseconds: number): void {
  button.dispatchEvent(new PointerEvent("pointerdown", { button: 0, bubbles: true }));
  vi.advanceTimersByTime(milliseconds);
  button.dispatchEvent(new PointerEvent("pointerup", { button: 0, bubbles: true }));
  button.click();
  vi.advanceTimersByTime(1);
}

function key(kind: "keydown" | "keyup", name: string, repeat = false): void {
  button.dispatchEvent(new KeyboardEvent(kind, { key: name, repeat, bubbles: true, cancelable: true }));
}

test("held long enough it acts, once; the release after that means nothing", () => {
  press(1200);
  expect(done).toEqual(["held"]);
  press(5000);
  expect(done).toEqual(["held", "held"]);
});

test("a tap asks, and so does a click without a finger", () => {
  press(100);
  button.click();
  expect(done).toEqual(["tapped", "tapped"]);
});

test("let go too early, or slipped off, nothing is done and that is said", async () => {
  press(1100);
  expect(done).toEqual([]);
  await nextTick();
  expect(document.querySelector("[role=status]")?.textContent).not.toBe("");
  button.dispatchEvent(new PointerEvent("pointerdown", { button: 0, bubbles: true }));
  button.dispatchEvent(new PointerEvent("pointerleave"));
  vi.advanceTimersByTime(5000);
  expect(done).toEqual([]);
});

test.each([" ", "Enter"])("by keyboard the key %j is held or tapped", (name) => {
  key("keydown", name);
  for (let count = 0; count < 30; count += 1) {
    vi.advanceTimersByTime(50);
    key("keydown", name, true);
  }
  key("keyup", name);
  expect(done).toEqual(["held"]);
  vi.advanceTimersByTime(1);
  key("keydown", name);
  vi.advanceTimersByTime(80);
  key("keyup", name);
  expect(done).toEqual(["held", "tapped"]);
});

test("a bid that comes while the button is held gives the hold up", async () => {
  button.dispatchEvent(new PointerEvent("pointerdown", { button: 0, bubbles: true }));
  vi.advanceTimersByTime(1000);
  guard.value = "2 bids";
  await nextTick();
  vi.advanceTimersByTime(1000);
  button.dispatchEvent(new PointerEvent("pointerup", { button: 0, bubbles: true }));
  button.click();
  expect(done).toEqual([]);
});

test("what cannot be done yet says why, however it is tried, and keeps the focus", async () => {
  why.value = "One warning is missing.";
  await nextTick();
  button.focus();
  press(5000);
  key("keydown", "Enter");
  vi.advanceTimersByTime(5000);
  key("keyup", "Enter");
  await nextTick();
  expect(done).toEqual([]);
  expect(document.querySelector("[role=status]")?.textContent).toBe("One warning is missing.");
  expect(button.getAttribute("aria-disabled")).toBe("true");
  expect(document.activeElement).toBe(button);
});
