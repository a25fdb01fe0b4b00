// When to come back after a connection is lost.

const FLOOR_MS = 250;
const CEILING_MS = 15_000;
const NO_RETURN_FROM = 4500;
const NO_RETURN_TO = 4599;

/** The close code that says: sign in again. */
export const SIGNED_OUT = 4503;

/** A delay anywhere between nothing and a ceiling that doubles (full jitter), in milliseconds. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(CEILING_MS, FLOOR_MS * 2 ** attempt);
}

/** What a hello or the reason of a close frame says of coming back. */
export interface Farewell {
  reconnect_min_ms: number;
  reconnect_max_ms: number;
}

/** The time that we are asked to stay away, in milliseconds; null for none. */
export function toldDelayMs(said: Partial<Farewell> | null, random: () => number = Math.random): number | null {
  const { reconnect_min_ms: least = NaN, reconnect_max_ms: most = NaN } = said ?? {};
  return Number.isFinite(least) && most >= least ? least + random() * (most - least) : null;
}

/** What the reason of a close frame says, or nothing: it may come from anybody on the way. */
export function farewellOf(reason: string): Partial<Farewell> | null {
  try {
    const said: unknown = JSON.parse(reason);
    return typeof said === "object" ? said : null;
  } catch {
    return null;
  }
}

/** Tell whether a close code lets the client come back: 45xx asks for a change first. */
export function mayReturn(closeCode: number): boolean {
  return closeCode < NO_RETURN_FROM || closeCode > NO_RETURN_TO;
}
