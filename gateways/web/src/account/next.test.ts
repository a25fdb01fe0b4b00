import { expect, it } from "vitest";
import { wantedNext } from "./next";

const next = (wanted: string) => wantedNext(`?next=${encodeURIComponent(wanted)}`, "https://here.example");

it("leads back to a page of this site, and nowhere else", () => {
  expect([next("/lots/8?x=1#sign-up"), next("https://here.example/me")]).toEqual(["/lots/8?x=1#sign-up", "/me"]);
  expect([next("https://elsewhere.example/"), next("//elsewhere.example/a"), next("javascript:alert(1)"), next("http://["), next(""), wantedNext("", "https://here.example")]).toEqual(["", "", "", "", "", ""]);
});
