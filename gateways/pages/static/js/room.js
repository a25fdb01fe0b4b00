// The controls of the bidding room: from a click to one command, and what became of it.

import { confirm } from "./confirmation.js";
import { byId, element, fill, setText } from "./elements.js";
import { capitalAmount, formatAmount, parseAmount, plainAmount } from "./money.js";
import { say } from "./language.js";
import { OtherActs } from "./acts.js";
import { Outcomes } from "./outcomes.js";
import { LIVE } from "./protocol.js";
import { isClosed, isMine } from "./reducer.js";

const STEPS = [2, 3, 6];
const FAR_ABOVE_STEPS = 10;
const LOCK_MS = 600;

/** Tell whether an amount is so far above the asking price that it may be a slip of the finger. */
export function isFarAbove(view, amount) {
  return amount > view.asking_price + FAR_ABOVE_STEPS * view.increment;
}

/** The controls for one lot. */
export class RoomControls {
  #connection;
  #room = null;
  #isLocked = false;
  #outcomes = new Outcomes(byId("outcomes"));
  #steps;
  #acts = new OtherActs((command, what) => this.#give(command, what));

  constructor(connection) {
    this.#connection = connection;
    this.#steps = STEPS.map((steps) => element("button", { type: "button", "data-steps": steps, on: { click: (click) => this.#bidSteps(click, steps) } }));
    fill(byId("steps"), this.#steps);
    byId("bid-asking").addEventListener("click", (click) => this.#bidSteps(click, 1));
    this.#watchForm("free", byId("free-bid"), (amount) => this.#bidFree(amount));
    this.#watchForm("max", byId("max-bid"), (amount) => this.#leaveMaxBid(amount));
  }

  /** Draw the controls for the room as it is now. */
  draw(room) {
    this.#room = room;
    const paddle = room.you?.paddle ?? 0;
    const isOver = !paddle || isClosed(room.view);
    const takesBids = room.view.state !== "open" || (room.view.accepts ?? ["bid"]).includes("bid");
    byId("bidding").hidden = isOver;
    byId("bid-asking").hidden = byId("steps").hidden = byId("own-amounts").hidden = isOver || !takesBids;
    this.#acts.draw(room);
    setText(byId("my-paddle"), String(paddle));
    setText(byId("my-limit"), room.you?.limit ? formatAmount(room.you.limit, room.view.currency) : say("none"));
    setText(byId("bid-hint"), this.#hint());
    this.#drawButtons();
    this.#preview("free");
    this.#preview("max");
  }

  /** Say everything again after a switch of language. */
  redraw() {
    this.#outcomes.redraw();
    if (this.#room) this.draw(this.#room);
  }

  #drawButtons() {
    const { view } = this.#room;
    const mayBid = this.#mayAct() && (view.leader_may_raise || !isMine(this.#room));
    setText(byId("bid-asking"), say("bid_amount", { amount: formatAmount(view.asking_price, view.currency) }));
    byId("bid-asking").disabled = !mayBid;
    for (const button of this.#steps) {
      const steps = Number(button.dataset.steps);
      const isTooFar = view.raise_steps_max > 0 && steps - 1 > view.raise_steps_max;
      setText(button, say("bid_steps", { steps, amount: formatAmount(this.#amountAt(steps), view.currency) }));
      button.disabled = !mayBid || isTooFar;
    }
    byId("free-bid").querySelector("button").disabled = !mayBid;
    byId("max-bid").hidden = !view.max_bids_allowed;
    byId("max-bid").querySelector("button").disabled = !this.#mayAct();
  }

  #mayAct() {
    return this.#room.view.state === "open" && this.#connection.state === LIVE && !this.#isLocked;
  }

  #hint() {
    if (this.#connection.state !== LIVE) return say("hint_not_connected");
    const { view } = this.#room;
    if (view.state === "announced") return say("hint_not_open");
    if (view.state === "frozen") return say("hint_frozen");
    if (isMine(this.#room) && !view.leader_may_raise) return say("hint_leading");
    return view.bid_rule === "step_multiple" ? say("hint_steps", { amount: formatAmount(view.increment, view.currency) }) : "";
  }

  /** So many steps up; the first is the asking price. */
  #amountAt(steps) {
    return this.#room.view.asking_price + (steps - 1) * this.#room.view.increment;
  }

  /** The second click of a double click is the same intention: only the first counts. */
  #bidSteps(click, steps) {
    if (click.detail <= 1 && !this.#isLocked) this.#bid(this.#amountAt(steps));
  }

  async #bidFree(amount) {
    const { view } = this.#room;
    const isSure = !isFarAbove(view, amount) || await this.#confirmed("confirm_far", amount, [
      say("confirm_far_line", { asking: formatAmount(view.asking_price, view.currency) }),
    ]);
    if (!isSure) return;
    this.#empty("free");
    await this.#bid(amount);
  }

  async #leaveMaxBid(limit) {
    if (!await this.#confirmed("confirm_max", limit, [say("max_bid_hint")])) return;
    this.#empty("max");
    const { lot, currency } = this.#room.view;
    const what = () => say("what_max_bid", { amount: formatAmount(limit, currency) });
    await this.#give({ type: "max_bid", lot, limit }, what);
  }

  #bid(amount) {
    const { lot, currency } = this.#room.view;
    return this.#give({ type: "bid", lot, amount }, () => say("what_bid", { amount: formatAmount(amount, currency) }));
  }

  async #confirmed(key, amount, lines) {
    const { currency } = this.#room.view;
    const capital = currency === "CNY" ? [capitalAmount(amount)] : [];
    const shown = formatAmount(amount, currency, { isExact: true });
    return await confirm({ title: say(key, { amount: shown }), lines: [...capital, ...lines], action: say("confirm_yes", { amount: shown }) }) !== null;
  }

  /** Send one command; the controls stay locked until it is answered and for a moment after the click. */
  async #give(command, what) {
    if (this.#isLocked) return;
    this.#isLocked = true;
    this.#drawButtons();
    const moment = new Promise((resolve) => setTimeout(resolve, LOCK_MS));
    const answer = await this.#connection.send(command);
    this.#outcomes.add(answer, what, this.#room.view.currency);
    moment.then(() => {
      this.#isLocked = false;
      this.draw(this.#room);
    });
  }

  #empty(kind) {
    byId(`${kind}-amount`).value = "";
    this.#preview(kind);
  }

  #watchForm(kind, form, act) {
    byId(`${kind}-amount`).addEventListener("input", () => this.#preview(kind));
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const parsed = this.#preview(kind, { isFinal: true });
      if (parsed.amount && this.#mayAct()) act(parsed.amount);
    });
  }

  /** Say before it is sent what an amount will be refused for; the exchange decides. */
  #remark(kind, amount) {
    const { asking_price: asking, increment, bid_rule: rule, currency } = this.#room.view;
    const money = (minor) => formatAmount(minor, currency);
    if (amount < asking) return kind === "free" ? say("below_asking", { asking: money(asking) }) : "";
    const over = (amount - asking) % increment;
    if (rule !== "step_multiple" || over === 0) return "";
    return say("between_steps", { below: money(amount - over), above: money(amount - over + increment) });
  }

  /** Show what the typed text means before it is sent: digits, 大写, or why it is no amount. */
  #preview(kind, { isFinal = false } = {}) {
    const input = byId(`${kind}-amount`);
    const { currency } = this.#room.view;
    const parsed = parseAmount(input.value, currency);
    const isEmpty = parsed.problem === "EMPTY" && !isFinal;
    const capital = parsed.amount && currency === "CNY" ? ` ${capitalAmount(parsed.amount)}` : "";
    const remark = parsed.amount ? this.#remark(kind, parsed.amount) : "";
    const text = parsed.amount ? formatAmount(parsed.amount, currency, { isExact: true }) + capital : say(`amount_${parsed.problem}`);
    setText(byId(`${kind}-preview`), isEmpty ? "" : [text, remark].filter(Boolean).join(" "));
    const isBad = !parsed.amount && !isEmpty;
    input.setAttribute("aria-invalid", String(isBad));
    byId(`${kind}-preview`).classList.toggle("problem", isBad);
    byId(`${kind}-preview`).classList.toggle("warn", Boolean(remark));
    input.placeholder = plainAmount(this.#room.view.asking_price, currency);
    return parsed;
  }
}
