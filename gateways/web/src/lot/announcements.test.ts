import { expect, test } from "vitest";
import { EMPTY_ROOM, type Room } from "../client";
import { announcementOf } from "./announcements";

const SECOND_US = 1_000_000;

function room(...said: [atSeconds: number, text: string][]): Room {
  const records = said.map(([at, text], index) => ({ sequence: index + 1, at_us: at * SECOND_US, event: { type: "AnnouncementMade" as const, text, by: 9 } }));
  return { ...EMPTY_ROOM, records };
}

test("the latest announcement counts, and only while it is news", () => {
  const spoken = room([10, "a viewing at nine"], [20, "at ten"]);
  expect(announcementOf(spoken, 21 * SECOND_US)).toEqual({ text: "at ten", atUs: 20 * SECOND_US });
  expect(announcementOf(spoken, 109 * SECOND_US)?.text).toBe("at ten");
  expect(announcementOf(spoken, 110 * SECOND_US)).toBeNull();
});

test("nothing is news where nothing was said, or before the server's time is known", () => {
  expect(announcementOf(EMPTY_ROOM, 5)).toBeNull();
  expect(announcementOf(room([10, "hello"]), null)).toBeNull();
});
