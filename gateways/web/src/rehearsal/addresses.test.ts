import { expect, test } from "vitest";
import { liveFloorOf, pageOf, wantedOf } from "./addresses";

test("an address leads back to the part that it was made for", () => {
  for (const part of ["host", "bidder", "hall"] as const) {
    const search = new URL(pageOf("0a1b", part), "http://exchange").search;
    expect(wantedOf(search)).toEqual({ name: "0a1b", part });
  }
  expect(liveFloorOf("0a1b", "bidder")).toBe("/api/v1/rehearsals/0a1b/live?part=bidder");
});

test("what is no name of a rehearsal asks for none, and an unknown part for the host's", () => {
  expect(wantedOf("")).toEqual({ name: "", part: "host" });
  expect(wantedOf("?name=../../live&part=admin")).toEqual({ name: "", part: "host" });
});
