// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, h, nextTick, shallowRef, type App } from "vue";
import type { LotView } from "../schema";
import { i18n } from "../texts/language";
import LotNotice from "./LotNotice.vue";

// Before the modules are loaded: one of them asks for the lot at once.
const network = vi.hoisted(() => {
  const seen = { asked: 0 };
  vi.stubGlobal("fetch", () => {
    seen.asked += 1;
    return Promise.resolve(new Response("<p>told</p>"));
  });
  return seen;
});

let app: App;

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  app.unmount();
  vi.useRealTimers();
});

test("the notice is asked for anew when the lot's state changes, and not with every bid", async () => {
  const view = shallowRef({ state: "open", phase: 0, price: 1 } as LotView);
  app = createApp(() => h(LotNotice, { view: view.value })).use(i18n);
  app.mount(document.createElement("div"));
  await vi.advanceTimersByTimeAsync(60_000);
  const once = network.asked;
  view.value = { ...view.value, price: 2 };
  await nextTick();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(network.asked).toBe(once);
  view.value = { ...view.value, state: "sold" };
  await nextTick();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(network.asked).toBeGreaterThan(once);
});
