// Signing up for a lot: the reference to pay under, the deposit's progress, in the demo a bank that pays it.

import { get, post, sentence } from "./api.js";
import { element, fill } from "./elements.js";
import { formatAmount, groupedReference } from "./money.js";
import { knows, say } from "./language.js";
import { signInAddress } from "./page.js";
import { momentText } from "./standing.js";

const ASK_EVERY_MS = 3000;

/** The panel of one lot. `onAdmitted(paddle)` is called once the bidder has a paddle. */
export class SignUpPanel {
  #node;
  #lot;
  #me;
  #mine;
  #isOver = false;
  #problem = "";
  #notice = "";
  #isBusy = false;
  #onAdmitted;

  constructor(node, { lot, me, mine, onAdmitted }) {
    this.#node = node;
    this.#lot = lot;
    this.#me = me;
    this.#mine = mine;
    this.#onAdmitted = onAdmitted;
    setInterval(() => this.#askAgain(), ASK_EVERY_MS);
  }

  /** Draw again; `isOver` when the lot's life is over. */
  draw(isOver = this.#isOver) {
    this.#isOver = isOver;
    fill(this.#node, this.#content());
  }

  #content() {
    if (!this.#me.account) {
      if (this.#isOver) return [];
      return [element("p", { class: "hint" }, say("sign_in_to_bid"), " "), element("a", { href: signInAddress(), class: "button primary" }, say("sign_in"))];
    }
    if (!this.#me.account.roles.includes("bidder")) return [element("p", { class: "hint" }, say("staff_do_not_bid"))];
    if (!this.#mine) return this.#isOver ? [] : this.#invitation();
    return this.#mine.state === "admitted" ? this.#settled() : this.#progress();
  }

  #invitation() {
    const deposit = this.#lot.deposit
      ? say("sign_up_needs", { amount: formatAmount(this.#lot.deposit, this.#lot.currency) })
      : say("sign_up_free");
    return [
      element("p", { class: "hint" }, deposit),
      this.#deadline(),
      this.#button("sign_up", () => this.#act(() => post(`/lots/${this.#lot.lot}/sign-up`)), { id: "sign-up-button", class: "primary" }),
      this.#problemLine(),
    ];
  }

  #deadline() {
    const { deposit_by_us: by } = this.#lot;
    return by ? element("p", { class: "quiet", id: "deposit-deadline" }, say("sign_up_until", { moment: momentText(by) })) : null;
  }

  /** After the hammer: what became of the deposit. */
  #settled() {
    const { applied, refund_due: due, currency } = this.#mine;
    const rows = [["deposit_applied", applied], ["deposit_refund_due", due]].filter(([, amount]) => amount);
    if (!this.#isOver || rows.length === 0) return [];
    return [element("dl", { class: "terms", id: "deposit" }, rows.map(([key, amount]) =>
      element("div", {}, element("dt", {}, `${say("deposit")} · ${say(key)}`), element("dd", {}, formatAmount(amount, currency, { isExact: true })))))];
  }

  #progress() {
    const { state, reference, required, received, currency } = this.#mine;
    const rows = [["deposit_state", say(`sign_up_${state}`)]];
    if (reference) {
      rows.push(["deposit_reference", this.#referenceCell(reference)]);
      rows.push(["deposit_required", formatAmount(required, currency, { isExact: true })]);
      rows.push(["deposit_received", formatAmount(received, currency, { isExact: true })]);
    }
    return [
      element("dl", { class: "terms", id: "deposit" }, rows.map(([key, value]) => element("div", {}, element("dt", {}, say(key)), element("dd", {}, value)))),
      state === "awaiting_deposit" && reference ? element("p", { class: "quiet" }, say("pay_hint")) : null,
      state === "awaiting_deposit" ? this.#deadline() : null,
      this.#demoBank(),
      this.#notice ? element("p", { class: "quiet", role: "status" }, this.#notice) : null,
      this.#problemLine(),
    ];
  }

  #referenceCell(reference) {
    const copied = element("span", { class: "quiet", role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(reference);
        copied.textContent = say("copied");
      } catch {
        getSelection()?.selectAllChildren(code);
        copied.textContent = say("copy_yourself");
      }
    };
    const code = element("code", { id: "reference" }, groupedReference(reference));
    return [code, " ", element("button", { type: "button", class: "small", on: { click: copy } }, say("copy")), " ", copied];
  }

  #demoBank() {
    if (!this.#me.demo || this.#mine.state !== "awaiting_deposit" || !this.#mine.reference) return null;
    return element("div", { class: "demo-bank" },
      element("strong", {}, say("demo_bank")),
      element("p", { class: "small" }, say("demo_bank_hint")),
      this.#button("demo_bank_pay", () => this.#pay(), { id: "demo-bank-pay" }));
  }

  #pay() {
    return this.#act(async () => {
      const outcome = await post("/demo-bank/payments", { reference: this.#mine.reference });
      this.#notice = outcome.reason ? say("bank_says", { reason: knows(`reason_${outcome.reason}`) ? say(`reason_${outcome.reason}`) : outcome.reason }) : "";
      return this.#fetch();
    });
  }

  async #act(work) {
    this.#isBusy = true;
    this.#problem = "";
    this.draw();
    try {
      this.#take(await work());
    } catch (error) {
      this.#problem = sentence(error);
    }
    this.#isBusy = false;
    this.draw();
  }

  async #fetch() {
    return (await get(`/lots/${this.#lot.lot}`)).my;
  }

  /** A receipt may come from the bank at any time, and settlement follows the hammer: look while one is awaited. */
  async #askAgain() {
    if (!this.#isAwaited() || this.#isBusy || document.hidden) return;
    const before = JSON.stringify(this.#mine);
    this.#take(await this.#fetch().catch(() => this.#mine));
    if (JSON.stringify(this.#mine) !== before) this.draw();
  }

  #isAwaited() {
    if (!this.#mine) return false;
    const { state, received, applied, refund_due: due } = this.#mine;
    if (this.#isOver) return received > 0 && !applied && !due;
    return ["awaiting_deposit", "admission_pending"].includes(state);
  }

  #take(mine) {
    const wasAdmitted = this.#mine?.state === "admitted";
    this.#mine = mine;
    if (mine?.state === "admitted" && !wasAdmitted) this.#onAdmitted(mine.paddle);
  }

  #button(key, work, attributes) {
    return element("button", { type: "button", ...attributes, disabled: this.#isBusy, on: { click: work } }, say(this.#isBusy ? "one_moment" : key));
  }

  #problemLine() {
    return element("p", { class: "problem", role: "alert" }, this.#problem);
  }
}
