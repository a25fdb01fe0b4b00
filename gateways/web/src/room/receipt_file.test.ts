import { expect, it } from "vitest";
import { addressOf, receiptJson, receiptPage, type ReceiptFacts } from "./receipt_file";

const FACTS: ReceiptFacts = {
  lot: 7, code: "2026-07", title: { zh: "甲<script>", en: "Lot & seven" }, currency: "CNY", unit: "", paddle: 3, kind: "bid", amount: 12_800_00, sequence: 41,
  at_us: 1_790_000_000_123_456, link: "ab".repeat(32), id: "cd".repeat(16), origin: "https://exchange.example",
};

it("is complete as JSON, to the microsecond, and says where to compare it", () => {
  const file = receiptJson(FACTS);
  expect(file.name).toBe("luochui-7-41.json");
  expect(JSON.parse(file.text)).toMatchObject({ ...FACTS, at: "2026-09-21T14:13:20.123456Z", records: "https://exchange.example/api/v1/lots/7/records?after=40&limit=1" });
});

it("is a page that reads by itself, with nothing in it that runs", () => {
  const { text } = receiptPage(FACTS);
  for (const part of ["¥12,800.00（壹万贰仟捌佰元整）", "#41", "2026-09-21 22:13:20.123456（北京时间", FACTS.link, FACTS.id, "Lot &#38; seven"]) expect(text).toContain(part);
  expect(text).not.toContain("<script");
  expect(receiptPage({ ...FACTS, unit: "㎡", amount: 12_500 }).text).toContain("<th>报价 Bid</th><td>12,500 ㎡</td>");
  expect(decodeURIComponent(addressOf(receiptPage(FACTS)).split(",").slice(1).join(","))).toBe(text);
});
