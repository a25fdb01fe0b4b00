import { afterEach, describe, expect, it } from "vitest";
import { setLanguage } from "./language";
import { centreMoment } from "./moments";

const AT_US = Date.UTC(2026, 8, 2, 16, 5, 9) * 1000;

afterEach(() => setLanguage("zh"));

describe("a moment at the centre", () => {
  it("is written year first in Chinese", () => {
    setLanguage("zh");
    expect(centreMoment(AT_US, "second")).toBe("2026-09-03 00:05:09");
    expect(centreMoment(AT_US, "minute")).toBe("2026-09-03 00:05");
    expect(centreMoment(AT_US, "day")).toBe("2026-09-03");
  });

  it("names the month in English, as the server's pages do", () => {
    setLanguage("en");
    expect(centreMoment(AT_US, "second")).toBe("3 Sept 2026, 00:05:09");
    expect(centreMoment(AT_US, "minute")).toBe("3 Sept 2026, 00:05");
    expect(centreMoment(AT_US, "day")).toBe("3 Sept 2026");
  });

  it("is a time alone where the day is known", () => {
    expect(centreMoment(AT_US, "time")).toBe("00:05:09");
  });
});
