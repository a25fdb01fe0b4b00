// What the reader of the catalogue looks for, as the page's address keeps it.

import type { Category, LotState } from "../schema";

export const STATES: readonly LotState[] = ["announced", "open", "frozen", "knocked_down", "sold", "passed", "withdrawn"];
export const CATEGORIES: readonly Category[] = ["land", "mining", "forest", "rural", "equity", "vehicle", "confiscated", "emission", "property", "other"];

export interface Search {
  q: string;
  state: string;
  category: string;
}

/** The search that an address stands for. */
export function searchOf(query: string): Search {
  const values = new URLSearchParams(query);
  return { q: values.get("q") ?? "", state: values.get("state") ?? "", category: values.get("category") ?? "" };
}

/** The query of a search, what is empty left out. */
export function queryOf(search: Search): URLSearchParams {
  return new URLSearchParams(Object.entries(search).filter(([, value]: [string, string]) => value));
}
