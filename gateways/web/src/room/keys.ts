// Where the keys of a room lead.

import { switchSignals } from "../lot/signals";
import type { Shortcut } from "./shortcuts";

const PLACES: Partial<Record<Shortcut, string>> = { asking: "#bid-asking", free: "#free-amount", max: "#max-amount", course: "#timeline" };

/** Go where a key leads, within a part of the page; where the place is barred, to the words that say why. */
export function follow(shortcut: Shortcut, within: ParentNode = document): void {
  if (shortcut === "signals") switchSignals();
  const selector = PLACES[shortcut];
  if (!selector) return;
  const place = within.querySelector<HTMLElement & { disabled?: boolean }>(selector);
  (place && !place.disabled ? place : within.querySelector<HTMLElement>("#bid-hint"))?.focus();
}
