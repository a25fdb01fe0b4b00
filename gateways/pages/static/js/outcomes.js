// What became of the commands given on this page: accepted with sequence and link, or refused in words.

import { words } from "./api.js";
import { element } from "./elements.js";
import { formatAmount } from "./money.js";
import { say } from "./language.js";

const SHOWN_MAX = 4;

/** The last outcomes, newest first, in one list; said again by `redraw` after a switch of language. */
export class Outcomes {
  #list;
  #known = [];

  constructor(list) {
    this.#list = list;
  }

  /** Show the answer to a command; `what` says what was asked. */
  add(answer, what, currency) {
    this.#known = [{ answer, what, currency }, ...this.#known].slice(0, SHOWN_MAX);
    this.#list.prepend(outcome(this.#known[0]));
    while (this.#list.children.length > SHOWN_MAX) this.#list.lastElementChild.remove();
  }

  /** Say everything again. */
  redraw() {
    this.#list.replaceChildren(...this.#known.map(outcome));
  }

  /** Forget everything, as when another lot is shown. */
  clear() {
    this.#known = [];
    this.#list.replaceChildren();
  }
}

function outcome({ answer, what, currency }) {
  if (answer.type === "receipt") return accepted(answer, what());
  const { text, next } = words(answer.code, answer.detail);
  const key = answer.type === "refusal" ? "refused" : answer.code === "OUTCOME_UNKNOWN" ? "not_known" : "not_accepted";
  const detail = answer.detail && answer.detail !== text ? answer.detail : "";
  return element("li", { class: "outcome outcome-bad", "data-code": answer.code },
    element("strong", {}, `${say(key)} · ${what()}`), " ",
    element("span", {}, [text, detail, acceptable(answer, currency), next].filter(Boolean).join(" ")));
}

function accepted(answer, what) {
  const remark = answer.is_repeat ? say("was_repeated") : "";
  return element("li", { class: "outcome outcome-good", "data-sequence": answer.sequence },
    element("strong", {}, `${say("accepted")} · ${what}`), " ",
    element("span", {}, say("recorded_as", { sequence: answer.sequence })), " ",
    element("code", { title: answer.link }, answer.link.slice(0, 10)), " ", remark);
}

/** What would have been accepted, as far as the refusal tells. */
function acceptable(refusal, currency) {
  const parts = [];
  if (refusal.asking_price) parts.push(say("acceptable_from", { amount: formatAmount(refusal.asking_price, currency) }));
  if (refusal.increment) parts.push(say("acceptable_steps", { amount: formatAmount(refusal.increment, currency) }));
  if (refusal.largest) parts.push(say("acceptable_to", { amount: formatAmount(refusal.largest, currency) }));
  if (refusal.missing) parts.push(say("warnings_missing", { n: refusal.missing }));
  return parts.join(" ");
}
