// Where a lot stands, in words: its state, its price, and the countdown by the server's clock.
// The countdown only shows; the end is the server's word.

import { element } from "./elements.js";
import { formatAmount } from "./money.js";
import { language, say } from "./language.js";
import { mayReturn, SIGNED_OUT } from "./protocol.js";

const SECOND_US = 1_000_000;
const URGENT_US = 60 * SECOND_US;

/** A badge with the state of the lot. */
export function stateBadge(view) {
  return element("span", { class: `badge badge-${view.state}` }, say(`state_${view.state}`));
}

/** The price that matters now, with its label's key: opening, leading or hammer price. */
export function shownPrice(view) {
  if (view.winner) return { label: "hammer_price", amount: view.hammer_price };
  return view.price ? { label: "leading_price", amount: view.price } : { label: "opening_price", amount: view.opening_price };
}

/** The shown price as text. */
export function priceText(view) {
  return formatAmount(shownPrice(view).amount, view.currency);
}

/** What the clock says of a lot: `{label, text, isUrgent}`; `nowUs` is the server's time, null while unknown. */
export function countdown(view, nowUs) {
  switch (view.state) {
    case "announced":
      return view.opens_at_us ? until("opens_in", view.opens_at_us, nowUs, "waiting_to_open") : standing("opens_label", "host_opens");
    case "open":
      return view.ends_at_us ? until("ends_in", view.ends_at_us, nowUs, "waiting_for_hammer") : standing("ends_label", view.host_may_hammer ? "host_hammers" : "staff_enter");
    case "frozen":
      return view.resumes_at_us ? until("resumes_in", view.resumes_at_us, nowUs, "waiting_to_resume") : standing("resumes_label", "host_resumes");
    default:
      return standing("ended_label", `state_${view.state}`);
  }
}

/** A moment as local date and time; `isShort` leaves the date out. */
export function momentText(atUs, { isShort = false } = {}) {
  const format = isShort
    ? { hour: "2-digit", minute: "2-digit", second: "2-digit" }
    : { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { ...format, hour12: false }).format(atUs / 1000);
}

/** A span of time as hours, minutes and seconds, with days in front when there are some. */
export function spanText(spanUs) {
  const seconds = Math.max(0, Math.floor(spanUs / SECOND_US));
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0")).join(":");
  const days = Math.floor(seconds / 86400);
  return days ? say("days_and", { days, clock }) : clock;
}

/** A configured duration in words: days, hours, minutes or seconds, whichever is even. */
export function durationText(spanUs) {
  const seconds = spanUs / SECOND_US;
  for (const [unit, key] of [[86400, "n_days"], [3600, "n_hours"], [60, "n_minutes"]]) {
    if (seconds >= unit && seconds % unit === 0) return say(key, { n: seconds / unit });
  }
  return say("n_seconds", { n: seconds });
}

/** What the connection's state and the measured clock are, in one line. */
export function connectionText(connection) {
  if (connection.state === "disconnected" && !mayReturn(connection.closeCode)) {
    return say(connection.closeCode === SIGNED_OUT ? "signed_out" : "connection_ended", { code: connection.closeCode });
  }
  const parts = [say(`connection_${connection.state}`)];
  const { behindMs, roundTripMs } = connection.clock;
  if (connection.state === "live" && behindMs !== null) {
    parts.push(say("clock_offset", { offset: signed(Math.round(behindMs / 10) / 100) }));
    parts.push(say("round_trip", { ms: Math.max(1, Math.round(roundTripMs)) }));
  }
  return parts.join(" · ");
}

function signed(seconds) {
  return seconds === 0 ? "0.00" : `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(2)}`;
}

function until(label, atUs, nowUs, over) {
  if (nowUs === null) return { label: `${label.split("_")[0]}_label`, text: momentText(atUs), isUrgent: false };
  const leftUs = atUs - nowUs;
  if (leftUs <= 0) return { label, text: say(over), isUrgent: true };
  const isUrgent = label === "ends_in" && leftUs < URGENT_US;
  const text = leftUs < 10 * SECOND_US ? say("seconds_left", { n: (Math.ceil(leftUs / 100_000) / 10).toFixed(1) }) : spanText(leftUs);
  return { label, text, isUrgent };
}

function standing(label, key) {
  return { label, text: say(key), isUrgent: false };
}
