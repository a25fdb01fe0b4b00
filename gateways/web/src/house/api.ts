// The HTTP API as the pages use it: requests, errors, and the words for every code.

import { shallowRef } from "vue";
import { commandId } from "../client/commands";
import type { FieldProblem } from "../schema";
import { language, pick, say } from "../texts/language";

const ROOT = "/api/v1";
const PATIENCE_MS = 15_000;

/** Codes whose detail is a code itself, of the ledger. */
const OF_LEDGER = new Set(["REFUSED_BY_LEDGER", "FILE_REFUSED", "NOTICE_NOT_BELIEVED"]);

interface Message {
  zh: string;
  en: string;
  next_zh?: string;
  next_en?: string;
}

const messages = shallowRef<Record<string, Message>>({});

/** An answer that is not a success; `code` names the reason, OFFLINE when there was no answer at all. */
export class ApiError extends Error {
  /** Of each field that is wrong, in both languages, what is and what would be accepted. */
  readonly fields: readonly FieldProblem[];

  constructor(readonly status: number, readonly code: string, readonly detail = "", readonly problems: unknown[] = [], fields: readonly FieldProblem[] = []) {
    super(detail || code);
    this.fields = fields;
  }
}

export const get = <Answer>(path: string): Promise<Answer> => request("GET", path) as Promise<Answer>;
export const post = <Answer>(path: string, body: object = {}): Promise<Answer> => request("POST", path, body) as Promise<Answer>;
export const put = <Answer>(path: string, body: object = {}): Promise<Answer> => request("PUT", path, body) as Promise<Answer>;
export const remove = (path: string, body?: object): Promise<unknown> => request("DELETE", path, body);

/** Load the words for all codes; without them the code itself is shown. */
export async function loadMessages(): Promise<void> {
  try {
    messages.value = await get<Record<string, Message>>("/messages");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Say what a code means and what to do next, in the page's language. */
export function words(code: string, detail = ""): { text: string; next: string } {
  const known = (OF_LEDGER.has(code) ? messages.value[detail] : undefined) ?? messages.value[code];
  if (known) return { text: known[language()], next: known[`next_${language()}`] ?? "" };
  if (code === "OFFLINE") return { text: say("offline"), next: say("offline_next") };
  return { text: detail || say("unknown_code", { code }), next: "" };
}

/** Say an error in one line; what is not an answer of the API goes on as it is. */
export function sentence(error: unknown): string {
  if (!(error instanceof ApiError)) throw error;
  const { text, next } = words(error.code, error.detail);
  const problems = error.fields.length > 0
    ? error.fields.map((one) => say("field_problem", { field: one.field, text: pick(one.text), allowed: pick(one.allowed) }))
    : error.problems.map((problem) => (typeof problem === "string" ? problem : JSON.stringify(problem)));
  return [text, next, ...problems].filter(Boolean).join(" ");
}

interface Refused {
  code?: string;
  detail?: string;
  problems?: unknown[];
  fields?: FieldProblem[];
}

/** Ids of changes of which nobody knows whether they were made: asked for again as they were, they are made once. */
const unanswered = new Map<string, string>();
const UNANSWERED_MAX = 100;

async function request(method: string, path: string, body?: object): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const options: RequestInit = { method, credentials: "same-origin", headers };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  if (method === "GET") return parsed(await answered(path, options));
  const asked = `${method} ${path} ${String(options.body ?? "")}`;
  headers["X-Command-Id"] = kept(asked);
  const response = await answered(path, options);
  if (response.status < 500) unanswered.delete(asked);
  return parsed(response);
}

/** The id of an intention: that of the try before, if nobody knows what came of it. */
function kept(asked: string): string {
  const id = unanswered.get(asked) ?? commandId();
  unanswered.set(asked, id);
  for (const oldest of unanswered.keys()) {
    if (unanswered.size <= UNANSWERED_MAX) break;
    unanswered.delete(oldest);
  }
  return id;
}

async function parsed(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  const answer = (await response.json().catch(() => null)) as unknown;
  if (response.ok && answer !== null) return answer;
  // An answer that broke off on the way is none.
  if (response.ok) throw new ApiError(0, "OFFLINE");
  const refused = (answer ?? {}) as Refused;
  throw new ApiError(response.status, refused.code ?? `HTTP_${response.status}`, refused.detail, refused.problems, refused.fields);
}

async function answered(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(ROOT + path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ApiError(0, "OFFLINE");
  }
}
