// The HTTP API as the pages use it: requests, errors, and the words for every code.

import { language, say } from "./language.js";

const ROOT = "/api/v1";
const PATIENCE_MS = 15000;
let messages = {};

/** An answer that is not a success; `code` names the reason, OFFLINE when there was no answer at all. */
export class ApiError extends Error {
  constructor(status, code, detail = "", problems = []) {
    super(detail || code);
    Object.assign(this, { status, code, detail, problems });
  }
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const remove = (path) => request("DELETE", path);

/** Load the words for all codes; without them the code itself is shown. */
export async function loadMessages() {
  try {
    messages = await get("/messages");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Say what a code means and what to do next: `{text, next}` in the page's language. */
export function words(code, detail = "") {
  const known = messages[code];
  if (known) return { text: known[language()], next: known[`next_${language()}`] ?? "" };
  if (code === "OFFLINE") return { text: say("offline"), next: say("offline_next") };
  return { text: detail || say("unknown_code", { code }), next: "" };
}

/** Say an error in one line. */
export function sentence(error) {
  if (!(error instanceof ApiError)) throw error;
  const { text, next } = words(error.code, error.detail);
  const problems = (error.problems ?? []).map((problem) => (typeof problem === "string" ? problem : JSON.stringify(problem)));
  return [text, next, ...problems].filter(Boolean).join(" ");
}

async function request(method, path, body) {
  const options = { method, credentials: "same-origin", headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await answered(path, options);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw new ApiError(response.status, answer?.code ?? `HTTP_${response.status}`, answer?.detail, answer?.problems);
}

async function answered(path, options) {
  try {
    return await fetch(ROOT + path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ApiError(0, "OFFLINE");
  }
}
