import { describe, expect, it } from "vitest";
import { atFirst, bidsOf, clockPrice, mostOf, wanted } from "./clock";

const read = (quantity: string, price = "") => wanted(1, { quantity, price }, "CNY");

describe("a round of a clock", () => {
  it("goes as far as the exchange lets it, rounded up, however large the price", () => {
    expect(clockPrice(1_000, { increment_basis_points: 2_000, increment_min: 1 })).toBe(1_200);
    expect(clockPrice(1_001, { increment_basis_points: 1_000, increment_min: 1 })).toBe(1_102);
    expect(clockPrice(1_000, { increment_basis_points: 100, increment_min: 50 })).toBe(1_050);
    expect(clockPrice(900_719_925_474_099, { increment_basis_points: 1, increment_min: 1 })).toBe(900_809_997_466_647);
  });

  it("takes an empty quantity as none and an empty price as where the clock ends", () => {
    expect(bidsOf([read("4"), wanted(2, { quantity: "", price: "" }, "CNY")])).toEqual([[1, 0, 4]]);
    expect(bidsOf([read("2", "11.50")])).toEqual([[1, 11_50, 2]]);
    expect(bidsOf([read("0", "11.50")])).toEqual([[1, 11_50, 0]]);
  });

  it("says of one item that nothing is wanted at all", () => {
    expect(bidsOf([read(""), wanted(2, { quantity: "0", price: "" }, "CNY")])).toEqual([[1, 0, 0]]);
  });

  it("gives nothing while something cannot be read", () => {
    expect(bidsOf([read("four")])).toBeNull();
    expect(bidsOf([read("4", "much")])).toBeNull();
  });

  it("comes to no more than what is wanted where the clock ends, or what is held at the price named for giving it up", () => {
    const most = (quantity: string, price: string, held: number) => mostOf(read(quantity, price), held, 1_100);
    expect(most("3", "10.50", 3)).toBe(3_300);
    expect(most("2", "10.50", 3)).toBe(3_150);
    expect(most("2", "10.50", 2)).toBe(2_200);
    expect(most("0", "", 4)).toBe(4_400);
    expect(most("", "", 0)).toBe(0);
  });

  it("begins with what was said in this round, else with what is held", () => {
    expect(atFirst(1, [[1, 11_50, 3]], [[1, 10_00, 4]], "CNY")).toEqual({ quantity: "3", price: "11.50" });
    expect(atFirst(2, [[1, 0, 3]], [[2, 10_00, 4]], "CNY")).toEqual({ quantity: "0", price: "" });
    expect(atFirst(2, [], [[2, 10_00, 4]], "CNY")).toEqual({ quantity: "4", price: "" });
    expect(atFirst(2, [], [], "CNY")).toEqual({ quantity: "", price: "" });
  });
});
