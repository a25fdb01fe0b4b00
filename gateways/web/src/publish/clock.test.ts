import { expect, test } from "vitest";
import { fromWall, onWall } from "./clock";

test("a moment is typed and shown by the centre's clock", () => {
  const moment = Date.UTC(2026, 10, 22, 1, 30); // 09:30 at the centre
  expect(onWall(moment).getHours()).toBe(9);
  expect(onWall(moment).getMinutes()).toBe(30);
  expect(fromWall(onWall(moment))).toBe(moment);
});
