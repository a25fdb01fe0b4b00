// A change that is asked for again, because nobody knows what came of it, carries the id of the first try.

import { afterEach, expect, test, vi } from "vitest";
import { ApiError, post, sentence } from "./api";

const ids: string[] = [];

function answering(...answers: (Response | Error)[]): void {
  ids.length = 0;
  vi.stubGlobal("fetch", (_: string, options: RequestInit) => {
    ids.push((options.headers as Record<string, string>)["X-Command-Id"] ?? "");
    const answer = answers.shift() ?? new Error("asked once too often");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
}

const json = (status: number, body: object): Response => new Response(JSON.stringify(body), { status });

afterEach(() => vi.unstubAllGlobals());

test("a retry after a cut is the same intention, another wish or a new one after the answer is not", async () => {
  answering(new Error("cut"), json(503, { code: "BUSY" }), json(201, { lot: 7 }), json(201, { lot: 8 }), json(201, { lot: 9 }));
  await expect(post("/lots", { title: "one" })).rejects.toThrow(ApiError);
  await expect(post("/lots", { title: "one" })).rejects.toThrow(ApiError);
  await post("/lots", { title: "one" });
  await post("/lots", { title: "one" });
  await post("/lots", { title: "two" });
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  expect([ids[1], ids[2]]).toEqual([ids[0], ids[0]]);
  expect(new Set(ids).size).toBe(3);
});

test("what is wrong with a field is said in the page's language, with what would be accepted", async () => {
  const field = { code: "LADDER_EMPTY", field: "increments", text: { zh: "没有加价幅度", en: "empty" }, allowed: { zh: "至少一级", en: "a step" } };
  answering(json(422, { code: "TERMS_INVALID", problems: ["increments: empty"], fields: [field] }));
  const error = await post("/lots").catch((caught: unknown) => caught);
  expect(sentence(error)).toMatch(/没有加价幅度.*至少一级|empty.*a step/);
});
