// @vitest-environment happy-dom

import { expect, test } from "vitest";
import { createApp, h } from "vue";
import { EMPTY_ROOM, NOTHING_OF_ONES_OWN } from "../client";
import type { LotView } from "../schema";
import { i18n } from "../texts/language";
import SealedAct from "./SealedAct.vue";

test("whose offer is sealed sees its digest while it waits to be opened, and no longer how one is made", () => {
  const shown = (accepts: string[]) => {
    const place = document.createElement("div");
    const room = { ...EMPTY_ROOM, you: { ...NOTHING_OF_ONES_OWN, paddle: 1, handle: "ab12" } };
    createApp(() => h(SealedAct, { room, view: { lot: 7, accepts, ends_at_us: 0 } as unknown as LotView })).use(i18n).mount(place);
    return [place.querySelector(".sealed-handle")?.textContent, place.querySelectorAll("li").length];
  };
  expect(shown(["seal"])).toEqual(["ab12", 3]);
  expect(shown([])).toEqual(["ab12", 0]);
});
