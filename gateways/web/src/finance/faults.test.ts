import { describe, expect, it } from "vitest";
import { fault } from "./faults";

describe("a fault of a bank's file", () => {
  it("names the line and the column of a spreadsheet", () => {
    expect(fault("line 25001 amount amount_malformed 12x.00 CNY")).toEqual({ line: "25001", column: "column_amount", code: "amount_malformed", detail: "12x.00 CNY" });
  });

  it("does not take the line that stands twice, or a place in a document, for a code", () => {
    expect(fault("line 7 line 7 account_unknown 62220")).toEqual({ line: "7", column: null, code: "account_unknown", detail: "62220" });
    expect(fault("line 9 /Document/Ntry[3]/Amt amount_malformed 1,5")).toMatchObject({ line: "9", column: null, code: "amount_malformed" });
    expect(fault("line 1 $.movements[0].amount amount_malformed x")).toMatchObject({ code: "amount_malformed", detail: "x" });
  });

  it("leaves the difference in minor units out, which is said in figures before", () => {
    expect(fault("line 4 balance not_balanced 5.00, difference 1.00 CNY difference 100")).toEqual({ line: "4", column: "column_balance", code: "not_balanced", detail: "5.00, difference 1.00 CNY" });
  });

  it("keeps what is no fault as it stands", () => {
    expect(fault("FILE 12")).toBeNull();
  });
});
