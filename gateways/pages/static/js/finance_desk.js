// What the parts of the finance page share: an act with its answer on a line, buttons, decisions of the second person.

import { sentence } from "./api.js";
import { byId, element, setText } from "./elements.js";
import { confirm } from "./confirmation.js";
import { say } from "./language.js";

/** A desk says what came of an act on the line `outcome`, and calls `changed` after it. */
export class Desk {
  #line;
  #changed;

  constructor(outcome, changed) {
    this.#line = byId(outcome);
    this.#changed = changed;
  }

  /** Do something; returns whether it was done. When it was, `told` is said, a text or what makes one of the answer. */
  async act(work, told = "") {
    let isDone = true;
    try {
      const answer = await work();
      this.say(typeof told === "function" ? told(answer) : told);
    } catch (error) {
      isDone = false;
      this.say(sentence(error), { isBad: true });
    }
    this.#changed();
    return isDone;
  }

  say(text, { isBad = false } = {}) {
    setText(this.#line, text);
    this.#line.className = isBad ? "outcome-line problem" : "outcome-line good";
  }

  /** A small button; `name` is for whoever looks for it in the page. */
  button(name, phrase, work) {
    return element("button", { type: "button", class: "small", "data-act": name, on: { click: work } }, say(phrase));
  }

  /** A button that asks for a reason first; `work` gets it. */
  reasoned(name, phrase, reasonPhrase, work) {
    return this.button(name, phrase, async () => {
      const answer = await confirm({ title: say(phrase), action: say(phrase), needsReason: true, reasonLabel: say(reasonPhrase), isDangerous: true });
      if (answer) await this.act(() => work(answer.reason));
    });
  }

  /** Let a form do something with its fields by name; it is emptied when that was done. */
  submits(form, work, told) {
    byId(form).addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      const fields = Object.fromEntries(new FormData(submitted.target));
      if (await this.act(() => work(fields), told)) submitted.target.reset();
    });
  }
}

/** Draw options into a select and keep what is chosen, as far as it is still there. */
export function drawChoices(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
