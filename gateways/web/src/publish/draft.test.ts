import { describe, expect, it } from "vitest";
import type { LotFigures } from "../schema";
import { emptyDraft, fieldOf, fieldOfPath, plainTerms, readLot, restoredDraft, roundedOpening, type Draft } from "./draft";

const good = (changes: Partial<Draft> = {}): Draft => ({
  ...emptyDraft(), title_zh: "厂房", title_en: "Hall", opening_price: "70万", ladder: [{ from: "", step: "1000" }], ...changes,
});

const figures = {
  terms: { ...plainTerms(), opens_at_us: 5_000_000, programme: [{ phase: "interval" }, { phase: "english", increments: [[0, 700]] }] },
  deposit: 7_000_000, commission: 0,
} as unknown as LotFigures;

describe("a lot out of the form", () => {
  it("reads amounts as people write them, and leaves out what was not typed", () => {
    const { lot, faults } = readLot(good({ deposit: "7万", commission: "1.5", reserve_price: "80万" }), null);
    expect(faults).toEqual([]);
    expect(lot.terms.opening_price).toBe(70_000_000);
    expect(lot.terms.programme).toEqual([{ phase: "english", increments: [[0, 100_000]] }]);
    expect([lot.deposit, lot.commission, lot.terms.reserve_price, lot.place, lot.code]).toEqual([7_000_000, 150, 80_000_000, null, null]);
  });

  it("takes the rulebook's figures where nothing was typed, and what was typed where something was", () => {
    const own = readLot(good({ ladder: [] }), figures).lot;
    expect([own.deposit, own.terms.opens_at_us]).toEqual([7_000_000, 5_000_000]);
    expect(own.terms.programme[1]).toEqual({ phase: "english", increments: [[0, 700]] });
    const changed = readLot(good({ deposit: "0", hours: "1.5", opens_at: 9_000, bidders_min: "2" }), figures).lot;
    expect([changed.deposit, changed.terms.opens_at_us, changed.terms.bidders_min]).toEqual([0, 9_000_000, 2]);
    expect(changed.terms.programme).toEqual([{ phase: "interval" }, { phase: "english", increments: [[0, 100_000]], duration_us: 5_400_000_000 }]);
    expect(readLot(good({ host_opens: true, opens_at: 9_000 }), figures).lot.terms.opens_at_us).toBe(0);
  });

  it.each([
    [{ title_en: " " }, "title_en", "title_needed"],
    [{ opening_price: "much" }, "opening_price", "amount_NOT_AN_AMOUNT"],
    [{ opening_price: "" }, "opening_price", "price_needed"],
    [{ deposit: "1.234" }, "deposit", "amount_TOO_FINE"],
    [{ ladder: [] }, "ladder", "ladder_needed"],
    [{ ladder: [{ from: " ", step: "" }] }, "ladder", "ladder_needed"],
    [{ ladder: [{ from: "10", step: "1" }] }, "ladder", "ladder_wrong"],
    [{ ladder: [{ from: "", step: "1" }, { from: "0", step: "2" }] }, "ladder", "ladder_wrong"],
    [{ commission: "101" }, "commission", "percent_needed"],
    [{ hours: "-1" }, "hours", "number_needed"],
    [{ latitude: "25" }, "longitude", "point_needed"],
    [{ address_zh: "某路" }, "latitude", "point_needed"],
    [{ latitude: "91", longitude: "1" }, "latitude", "latitude_wrong"],
    [{ deposit_by: 1 }, "deposit_by", "deadline_without_deposit"],
  ] as [Partial<Draft>, keyof Draft, string][])("says what is wrong with %j", (changes, field, text) => {
    expect(readLot(good(changes), null).faults).toContainEqual({ field, text });
  });

  it("has a place when both coordinates are there", () => {
    const { lot, faults } = readLot(good({ latitude: "25.694", longitude: "100.16", address_en: "1 Road" }), null);
    expect(faults).toEqual([]);
    expect(lot.place).toEqual({ latitude_e6: 25_694_000, longitude_e6: 100_160_000, address: { zh: "", en: "1 Road" } });
  });

  it("can be looked at before it has a title", () => {
    expect(readLot(good({ title_zh: "" }), null, { isTrial: true }).lot.title_zh).toBe("—");
  });
});

it("takes up a draft that was kept, whatever it holds", () => {
  expect(restoredDraft({ title_zh: "地", opens_at: 5, ladder: [{ from: "", step: "1" }], nothing: 1, code: 7, deposit_by: "x" }))
    .toEqual({ ...emptyDraft(), title_zh: "地", opens_at: 5, ladder: [{ from: "", step: "1" }] });
  expect(restoredDraft({ category: "castle", ladder: [1] })).toEqual(emptyDraft());
  expect(restoredDraft("x")).toEqual(emptyDraft());
});

it("opens at a round moment that leaves time to publish", () => {
  expect(roundedOpening(1_000_000)).toBe(600_000);
  expect(roundedOpening(300_000_000)).toBe(600_000);
});

it("knows the field of a rulebook's parameter", () => {
  expect([fieldOf("deposit"), fieldOf("english.increments"), fieldOf("lot.bidders_min"), fieldOf("english.priority")])
    .toEqual(["deposit", "ladder", "bidders_min", undefined]);
});

describe("where the exchange says that something is wrong", () => {
  it.each([
    ["terms.opening_price", "opening_price"], ["terms.programme.0.increments", "ladder"], ["terms.programme.1.duration_us", "hours"],
    ["deposit_by_us", "deposit_by"], ["place.address", "address_zh"], ["title_en", "title_en"], ["terms.late_reserve.phase", undefined],
  ])("%s stands at %s", (path, field) => {
    expect(fieldOfPath(path)).toBe(field);
  });
});
