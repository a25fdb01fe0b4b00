// Money out: refund clocks, payouts with four eyes, files for the bank and its answers.

import { get, post, put, sentence, words } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { confirm } from "./confirmation.js";
import { formatAmount } from "./money.js";
import { beginUpload } from "./finance_upload.js";
import { hasRole } from "./page.js";
import { momentText } from "./standing.js";
import { half, say } from "./language.js";

const UNDER_WAY = ["proposed", "approved", "batched", "sent"];
const DONE_SHOWN = 10;
const CLOCKS_SHOWN = 20;

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginPayouts(me, changed) {
  const canMake = hasRole(me, "finance", "cashier");
  const canCheck = hasRole(me, "finance", "checker");
  let clocks = [];
  let page = { payouts: [], people: {} };
  let batches = [];
  let payFrom = [];
  let entering = null;

  byId("propose-due").hidden = !canMake;
  byId("batch-form").hidden = !canMake;
  byId("results-panel").hidden = !canMake;
  byId("propose-due").addEventListener("click", () => act(() => post("/payouts/refunds", {})));
  byId("batch-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    act(() => post("/payouts/batches", { paid_from: byId("paid-from").value }));
  });
  beginUpload("results", {
    path: () => "/payouts/results",
    answered: (report) => {
      fill(byId("results-report"), say("results_read", { paid: report.paid, rejected: report.rejected, clarify: report.to_clarify.length }),
        report.to_clarify.map((line) => element("span", { class: "line problem" }, `${line.subject} ${line.status} · ${words(line.outcome).text} ${words(line.outcome).next}`)));
      changed();
    },
    failed: (error) => fill(byId("results-report"), element("span", { class: "problem" }, sentence(error))),
  });

  async function load() {
    let answers;
    [{ refunds: clocks }, page, ...answers] = await Promise.all([get("/refund-clocks"), payouts(), get("/payouts/batches"), get("/payouts/paying-accounts")]);
    batches = answers[0].batches;
    payFrom = answers[1].accounts;
  }

  function draw() {
    fill(byId("clocks"), clocks.length ? clocks.slice(0, CLOCKS_SHOWN).map(drawClock) : element("li", { class: "quiet" }, say("clocks_empty")));
    const underWay = page.payouts.filter((payout) => UNDER_WAY.includes(payout.state));
    const done = page.payouts.filter((payout) => !UNDER_WAY.includes(payout.state)).slice(-DONE_SHOWN).reverse();
    const shown = [...underWay, ...done];
    if (entering === null) fill(byId("payouts"), shown.length ? shown.map(drawPayout) : element("li", { class: "quiet" }, say("payouts_empty")));
    const chosen = byId("paid-from").value;
    fill(byId("paid-from"), payFrom.map((account) => element("option", { value: account.name }, `${account.name} · ${account.number}`)));
    if (chosen) byId("paid-from").value = chosen;
    byId("no-paying-account").hidden = payFrom.length > 0;
    byId("make-batch").disabled = !payFrom.length || !underWay.some((payout) => payout.state === "approved");
    fill(byId("batches"), [...batches].reverse().slice(0, DONE_SHOWN).map(drawBatch));
  }

  function drawClock(refund) {
    const due = refund.due_at_us ? say("clock_due", { at: momentText(refund.due_at_us) }) : say("clock_waiting");
    return element("li", { "data-level": refund.level },
      element("span", { class: "entry-head" }, element("strong", {}, money(refund.owed, refund.currency)), element("span", { class: `tag tag-${refund.level}` }, say(`level_${refund.level}`)), due),
      element("span", { class: "quiet small line" }, say("clock_line", { name: half(refund.payer_name), lot: refund.lot_id, clock: refund.clock })));
  }

  function drawPayout(payout) {
    const account = payout.payee_account ? [payout.payee_account, payout.payee_bank].filter(Boolean).join(" · ") : say("no_account_yet");
    return element("li", { "data-payout": payout.payout_id, "data-state": payout.state },
      element("span", { class: "entry-head" }, element("strong", {}, money(payout.amount, payout.currency)), half(payout.payee_name),
        element("span", { class: `tag tag-${payout.state}` }, say(`payout_${payout.state}`))),
      element("span", { class: "quiet small line" }, account),
      element("span", { class: "quiet small line" }, say("payout_line", { kind: say(`kind_${payout.kind}`), maker: person(payout.proposed_by), checker: payout.approved_by ? person(payout.approved_by) : say("nobody_yet") })),
      payout.reason && element("span", { class: "problem small line" }, `${payout.reason_code} ${payout.reason}`),
      element("div", { class: "entry-acts" }, acts(payout)));
  }

  function acts(payout) {
    if (payout.state !== "proposed" && payout.state !== "approved") return [];
    const mayApprove = canCheck && payout.state === "proposed" && payout.payee_account;
    return [
      canMake && button("account", "enter_account", () => enterAccount(payout)),
      mayApprove && button("approve", "approve", () => act(() => post(`/payouts/${payout.payout_id}/approval`))),
      canCheck && button("decline", "decline", () => reasoned("decline", "decline_reason", `/payouts/${payout.payout_id}/decline`)),
    ];
  }

  function enterAccount(payout) {
    entering = payout.payout_id;
    const number = element("input", { id: "payee-account", required: true, maxlength: 64, autocomplete: "off", value: payout.payee_account });
    const bank = element("input", { id: "payee-bank", maxlength: 64, autocomplete: "off", value: payout.payee_bank });
    const form = element("form", { class: "stack", on: { submit: (submitted) => {
      submitted.preventDefault();
      entering = null;
      act(() => put(`/payouts/${payout.payout_id}/account`, { account: number.value, bank: bank.value }));
    } } },
    element("label", {}, element("span", {}, say("payee_account")), number),
    element("label", {}, element("span", {}, say("payee_bank")), bank),
    element("button", { type: "submit", class: "primary", id: "payee-save" }, say("enter_account")));
    byId("payouts").querySelector(`[data-payout="${payout.payout_id}"] .entry-acts`).replaceChildren(form);
    number.focus();
  }

  async function reasoned(phrase, reasonPhrase, path) {
    const answer = await confirm({ title: say(phrase), action: say(phrase), needsReason: true, reasonLabel: say(reasonPhrase), isDangerous: true });
    if (answer) await act(() => post(path, { reason: answer.reason }));
  }

  function drawBatch(batch) {
    const name = `${batch.message_id}.${batch.version}.xml`;
    const line = say("batch_line", { n: batch.payouts, amount: money(batch.total, batch.currency), at: momentText(batch.made_at_us) });
    return element("li", { "data-batch": batch.batch_id }, element("span", { class: "line" }, line),
      element("div", { class: "entry-acts" },
        batchActs(batch, name)));
  }

  /** A file is sent once, or withdrawn by two persons before it is. */
  function batchActs(batch, name) {
    const place = `/payouts/batches/${batch.batch_id}`;
    const { withdrawal } = batch;
    if (withdrawal?.confirmed_by) return element("span", { class: "problem small" }, say("batch_withdrawn", { at: momentText(withdrawal.confirmed_at_us), reason: withdrawal.reason }));
    const file = canMake && element("a", { href: `/api/v1${place}/file`, download: name }, say("batch_download", { name }));
    if (batch.sent_at_us) return [file, element("span", { class: "quiet small" }, say("batch_sent", { at: momentText(batch.sent_at_us) }))];
    if (withdrawal) {
      return [element("span", { class: "problem small" }, say("withdrawal_waits", { reason: withdrawal.reason })),
        canCheck && button("withdraw-confirm", "withdraw", () => act(() => post(`${place}/withdrawal/confirmation`))),
        canCheck && button("withdraw-decline", "decline", () => reasoned("decline", "decline_reason", `${place}/withdrawal/decline`))];
    }
    return [file, canMake && button("sent", "mark_sent", () => act(() => post(`${place}/sent`))),
      canMake && button("withdraw", "withdraw", () => reasoned("withdraw", "withdraw_reason", `${place}/withdrawal`))];
  }

  function button(name, phrase, work) {
    return element("button", { type: "button", class: "small", "data-act": name, on: { click: work } }, say(phrase));
  }

  async function act(work) {
    try {
      await work();
      setText(byId("payouts-outcome"), "");
    } catch (error) {
      setText(byId("payouts-outcome"), sentence(error));
    }
    changed();
  }

  function person(id) {
    return id ? half(page.people[id] ?? String(id)) : say("the_system");
  }

  return { load, draw };
}

/** Load every payout that is under way, and the latest of those that ended. */
async function payouts() {
  const page = { payouts: [], people: {} };
  for (let after = 0; ; after = page.payouts.at(-1).payout_id) {
    const next = await get(`/payouts?after=${after}`);
    page.payouts.push(...next.payouts);
    Object.assign(page.people, next.people);
    if (next.payouts.length < 500) return page;
  }
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
