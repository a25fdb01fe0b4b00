// One dialog that asks before something is done, with a reason to write where one is due.

import { element } from "./elements.js";
import { parseAmount } from "./money.js";
import { say } from "./language.js";

/**
 * Ask and wait. Resolves with null when declined, else with `{reason, amount}`.
 *
 * `lines` are shown below the title; `needsReason` adds a field that must not stay empty, `amountIn` one for an amount
 * in that currency.
 */
export function confirm({ title, lines = [], action, needsReason = false, reasonLabel = say("reason_published"), amountIn = null, isDangerous = false }) {
  const reason = needsReason ? element("textarea", { rows: 3, maxlength: 500, required: true, id: "confirm-reason" }) : null;
  const amount = amountIn ? element("input", { inputmode: "decimal", autocomplete: "off", required: true, id: "confirm-amount" }) : null;
  const submit = element("button", { type: "submit", value: "yes", class: isDangerous ? "danger" : "primary", id: "confirm-yes" }, action);
  const decline = element("button", { type: "button", id: "confirm-no" }, say("cancel"));
  const form = element("form", { method: "dialog", class: "stack" },
    element("h2", { id: "confirm-title" }, title),
    lines.map((line) => element("p", {}, line)),
    reason && element("label", {}, element("span", {}, reasonLabel), reason),
    amount && element("label", {}, element("span", {}, say("amount")), amount),
    element("div", { class: "row" }, submit, decline));
  amount?.addEventListener("input", () => amount.setCustomValidity(parseAmount(amount.value, amountIn).amount ? "" : say("amount_NOT_AN_AMOUNT")));
  const dialog = element("dialog", { "aria-labelledby": "confirm-title" }, form);
  decline.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  (reason ?? amount ?? (isDangerous ? decline : submit)).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? { reason: reason?.value.trim() ?? "", amount: amount ? parseAmount(amount.value, amountIn).amount : 0 } : null);
    });
  });
}
