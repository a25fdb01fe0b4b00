import { expect, it } from "vitest";
import type { LotCard, LotView } from "../schema";
import { chosenLots, namedLots, otherView, SHOWN_MAX } from "./choice";

function view(lot: number, state: LotView["state"], atUs: number): LotView {
  return { lot, state, ends_at_us: atUs, opens_at_us: atUs } as LotView;
}

it("takes the lots that the address names, each once", () => {
  expect(namedLots("?lots=8,3,8,x,-1,2.5")).toEqual([8, 3]);
  expect(namedLots("?lots=" + Array.from({ length: 40 }, (_, index) => index + 1).join(","))).toHaveLength(SHOWN_MAX);
  expect(namedLots("")).toEqual([]);
});

it("leads from one view to the other with the same lots", () => {
  expect(otherView("?lots=8,3")).toBe("/hall?lots=8,3&view=wall");
  expect(otherView("?lots=8,3&view=wall")).toBe("/hall?lots=8,3");
  expect([otherView(""), otherView("?view=wall")]).toEqual(["/hall?view=wall", "/hall"]);
});

it("chooses by itself what is open and ends soonest, never what is over", () => {
  const views = [view(1, "sold", 1), view(2, "announced", 5), view(3, "open", 9), view(4, "open", 7), view(5, "frozen", 0), view(6, "announced", 0)];
  const cards = views.map((one) => ({ lot: one.lot, view: one }) as LotCard);
  expect(chosenLots(cards, new Map())).toEqual([4, 3, 5, 2, 6]);
  expect(chosenLots(cards, new Map([[4, view(4, "sold", 7)]]))).toEqual([3, 5, 2, 6]);
});
