import { describe, expect, it } from "vitest";
import { capitalAmount, formatAmount, groupedReference, parseAmount, plainAmount, shortAmount, type ParsedAmount } from "./amounts";

describe("typed amounts are read strictly", () => {
  const typed: [string, ParsedAmount][] = [
    ["12800", { amount: 12_800_00 }],
    ["12,800.5", { amount: 12_800_50 }],
    [" ¥ 300 元 ", { amount: 300_00 }],
    ["１２万", { amount: 120_000_00 }],
    ["1.28万", { amount: 12_800_00 }],
    ["1亿2000万", { amount: 120_000_000_00 }],
    ["10000000000000", { amount: 10 ** 15 }],
    ["", { problem: "EMPTY" }],
    ["0", { problem: "ZERO" }],
    ["-5", { problem: "NOT_AN_AMOUNT" }],
    ["1e5", { problem: "NOT_AN_AMOUNT" }],
    ["12,34", { problem: "NOT_AN_AMOUNT" }],
    ["1.5亿2万", { problem: "NOT_AN_AMOUNT" }],
    ["1.005", { problem: "TOO_FINE" }],
    ["1.2345678万", { problem: "TOO_FINE" }],
    ["10000000000000.01", { problem: "TOO_LARGE" }],
  ];
  it.each(typed)("%s", (text, means) => expect(parseAmount(text, "CNY")).toEqual(means));
  it("in a currency without fractions", () => expect(parseAmount("12.5", "JPY")).toEqual({ problem: "TOO_FINE" }));
});

describe("amounts are written in digits and in capitals", () => {
  const written: [number, string, string][] = [
    [0, "¥0.00", "零元整"],
    [1, "¥0.01", "壹分"],
    [1_05, "¥1.05", "壹元零伍分"],
    [10_500_00, "¥10,500.00", "壹万零伍佰元整"],
    [100_000_10, "¥100,000.10", "壹拾万元壹角整"],
    [1_005_000_000_00, "¥1,005,000,000.00", "壹拾亿零伍佰万元整"],
    [1_234_000_000_000_00, "¥1,234,000,000,000.00", "壹万贰仟叁佰肆拾亿元整"],
    [10 ** 15, "¥10,000,000,000,000.00", "壹拾万亿元整"],
  ];
  it.each(written)("%d", (minor, digits, capitals) => {
    expect(formatAmount(minor, "CNY", { isExact: true })).toBe(digits);
    expect(capitalAmount(minor)).toBe(capitals);
  });
  it("whatever is written is read as the same amount", () => {
    for (const [minor] of written.filter(([amount]) => amount > 0)) {
      expect(parseAmount(plainAmount(minor, "CNY"), "CNY")).toEqual({ amount: minor });
    }
  });
  it("short, as readers count", () => {
    expect(shortAmount(12_800_00, "CNY", "zh-CN")).toBe("¥1.28万");
    expect(shortAmount(12_800_00, "CNY", "en-GB")).toMatch(/^¥12.8k$/i); // K or k by the edition of the language data
  });
  it("a reference in groups of four", () => expect(groupedReference("1234567890123456")).toBe("1234 5678 9012 3456"));
});
