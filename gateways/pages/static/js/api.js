// The HTTP API as the pages use it: requests, errors, and the words for every code.

import { language, say } from "./language.js";

const ROOT = "/api/v1";
const PATIENCE_MS = 15000;
const UPLOAD_PATIENCE_MS = 600000;
const OF_LEDGER = ["REFUSED_BY_LEDGER", "FILE_REFUSED", "NOTICE_NOT_BELIEVED"]; // their detail is the ledger's own code
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
export const put = (path, body = {}) => request("PUT", path, body);
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
  const known = (OF_LEDGER.includes(code) && messages[detail]) || messages[code];
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

/** Send a file and return the answer; `progressed` is told the share that has gone, 0 to 1. */
export function upload(path, file, progressed) {
  return new Promise((resolve, reject) => {
    // fetch cannot tell how much of a body has gone
    const sending = new XMLHttpRequest();
    sending.open("POST", ROOT + path);
    sending.timeout = UPLOAD_PATIENCE_MS;
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    sending.upload.addEventListener("progress", (sent) => progressed(sent.lengthComputable ? sent.loaded / sent.total : 0));
    sending.upload.addEventListener("load", () => progressed(1));
    sending.addEventListener("load", () => finish(sending, resolve, reject));
    for (const failure of ["error", "timeout", "abort"]) sending.addEventListener(failure, () => reject(new ApiError(0, "OFFLINE")));
    sending.send(file);
  });
}

function finish(sent, resolve, reject) {
  let answer = null;
  try {
    answer = JSON.parse(sent.responseText);
  } catch {
    // not JSON: what counts is the status
  }
  if (sent.status < 300 && answer !== null) resolve(answer);
  else reject(new ApiError(sent.status, answer?.code ?? `HTTP_${sent.status}`, answer?.detail, answer?.problems));
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
