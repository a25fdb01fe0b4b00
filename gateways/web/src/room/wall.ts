// Which lots are shown together: read from the page's address and kept in it.

/** More than this nobody can watch, whatever the server would let through. */
export const TOGETHER_MAX = 24;

/** The lots that an address names, each once, in its order. */
export function lotsOf(search: string): number[] {
  const named = new URLSearchParams(search).get("lots") ?? "";
  const lots = named.split(",").map((text) => text.trim()).filter((text) => /^[1-9]\d{0,15}$/.test(text)).map(Number);
  return [...new Set(lots.filter(Number.isSafeInteger))].slice(0, TOGETHER_MAX);
}

/** The address that shows these lots. */
export function addressOf(lots: readonly number[]): string {
  return lots.length ? `/room?lots=${lots.join(",")}` : "/room";
}

/** How many lots can be shown together, given what the connection allows. */
export function together(subscriptionsMax: number | undefined): number {
  return Math.min(TOGETHER_MAX, subscriptionsMax ?? TOGETHER_MAX);
}
