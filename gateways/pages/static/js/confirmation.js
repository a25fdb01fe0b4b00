// One dialog that asks before something is done, with a reason to write where one is due.

import { element } from "./elements.js";
import { say } from "./language.js";

/**
 * Ask and wait. Resolves with null when declined, else with `{reason}`.
 *
 * `lines` are shown below the title; `needsReason` adds a field that must not stay empty.
 */
export function confirm({ title, lines = [], action, needsReason = false, isDangerous = false }) {
  const reason = needsReason ? element("textarea", { rows: 3, maxlength: 500, required: true, id: "confirm-reason" }) : null;
  const submit = element("button", { type: "submit", value: "yes", class: isDangerous ? "danger" : "primary", id: "confirm-yes" }, action);
  const decline = element("button", { type: "button", id: "confirm-no" }, say("cancel"));
  const form = element("form", { method: "dialog", class: "stack" },
    element("h2", { id: "confirm-title" }, title),
    lines.map((line) => element("p", {}, line)),
    reason && element("label", {}, element("span", {}, say("reason_published")), reason),
    element("div", { class: "row" }, submit, decline));
  const dialog = element("dialog", { "aria-labelledby": "confirm-title" }, form);
  decline.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  (reason ?? (isDangerous ? decline : submit)).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? { reason: reason?.value.trim() ?? "" } : null);
    });
  });
}
