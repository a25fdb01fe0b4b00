// Where the keys of a room lead.

import { switchSignals } from "../lot/signals";
import type { Shortcut } from "./shortcuts";

const PLACES: Partial<Record<Shortcut, string>> = { asking: "#bid-asking", free: "#free-amount", max: "#max-amount", course: "#timeline" };

/** Where something else than a plain bid is asked for. */
const FIRST_ACT = "#acts :is(button, input, select):enabled";

/** Go where a key leads, within a part of the page; where the place is barred, to the words that say why. */
export function follow(shortcut: Shortcut, within: ParentNode = document): void {
  if (shortcut === "signals") switchSignals();
  const selector = PLACES[shortcut];
  if (!selector) return;
  const place = within.querySelector<HTMLElement & { disabled?: boolean }>(selector);
  const act = shortcut === "asking" ? within.querySelector<HTMLElement>(FIRST_ACT) : null;
  ((place && !place.disabled ? place : act) ?? within.querySelector<HTMLElement>("#bid-hint"))?.focus();
}
