// What banks say: files taken with their reports, and receipts in suspense with what is proposed for each.

import { get, post, sentence, words } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { formatAmount, groupedReference } from "./money.js";
import { beginUpload } from "./finance_upload.js";
import { hasRole } from "./page.js";
import { momentText } from "./standing.js";
import { half, say } from "./language.js";

const LINES_SHOWN = 20;

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginBank(me, changed) {
  const canMake = hasRole(me, "finance", "cashier");
  let accounts = [];
  let files = { files: [], people: {} };
  let items = [];
  let last = null;

  byId("statement-panel").hidden = !canMake;
  beginUpload("statement", {
    path: () => `/bank/files${byId("preview-only").checked ? "/preview" : ""}${byId("accept-repeats").checked ? "?accepts_repeats=true" : ""}`,
    answered: (report) => {
      last = { report };
      drawReport();
      changed();
    },
    failed: (error) => {
      last = { error };
      drawReport();
    },
  });

  async function load() {
    let suspense;
    [{ accounts }, files, suspense] = await Promise.all([get("/bank/accounts"), get("/bank/files?limit=10"), get("/suspense")]);
    items = suspense.items;
  }

  function draw() {
    byId("no-bank-account").hidden = accounts.length > 0;
    drawReport();
    drawFiles();
    fill(byId("suspense"), items.length ? items.map(drawItem) : element("li", { class: "quiet" }, say("suspense_empty")));
  }

  function drawReport() {
    if (!last) return;
    const node = byId("statement-report");
    node.className = last.error ? "outcome-line problem" : "outcome-line good";
    if (last.error) {
      fill(node, sentence(last.error));
      return;
    }
    fill(node, reportHead(last.report), totals(last.report), warnings(last.report), lines(last.report));
  }

  function drawFiles() {
    fill(byId("bank-files"), files.files.map((file) => element("li", {}, element("strong", {}, file.name || file.format), " ",
      element("span", { class: "quiet small" }, say("file_line", { format: file.format, at: momentText(file.taken_at_us), who: person(file.taken_by) })))));
  }

  function person(id) {
    return id ? half(files.people[id] ?? String(id)) : say("the_system");
  }

  function drawItem(item) {
    return element("li", { "data-receipt": item.receipt_id },
      element("strong", {}, money(item.amount, item.currency)), ` · ${item.payer_name} · ${momentText(item.received_at_us)}`,
      element("span", { class: "quiet small line" }, say("suspense_line", { reference: groupedReference(item.reference), id: item.receipt_id, reason: words(item.reason).text })),
      item.remittance && element("span", { class: "quiet small line" }, item.remittance),
      item.proposal && proposal(item));
  }

  function proposal(item) {
    const { act, why, lot_id: lot, bidder_id: bidder, payout_id: payout } = item.proposal;
    const acts = {
      assign: () => post("/suspense/assignments", { receipt_id: item.receipt_id, lot, bidder, reason: words(why).text }),
      give_back: () => post("/suspense/returns", { receipt_id: item.receipt_id }),
      take_back: () => post(`/payouts/${payout}/return`, { receipt_id: item.receipt_id, reason: words(why).text }),
    };
    const isPossible = canMake && (act !== "take_back" || payout);
    const button = isPossible && element("button", { type: "button", class: "small", "data-act": act, on: { click: (clicked) => doIt(clicked.target, acts[act]) } },
      say(`propose_${act}`, { lot, bidder, payout }));
    return element("div", { class: "entry-acts" }, button, element("span", { class: "quiet small" }, words(why).text));
  }

  async function doIt(button, act) {
    button.disabled = true;
    try {
      await act();
      setText(byId("suspense-outcome"), "");
    } catch (error) {
      setText(byId("suspense-outcome"), sentence(error));
    }
    changed();
  }

  return { load, draw, count: () => items.length };
}

function reportHead(report) {
  const name = report.file.name || report.file.format;
  const key = report.is_preview ? "report_preview" : report.is_new ? "report_new" : "report_again";
  return element("strong", {}, say(key, { name, n: report.movements }));
}

function totals(report) {
  return element("ul", { class: "plain-list" }, report.totals.map((total) => element("li", {},
    say("report_total", { outcome: say(`outcome_${total.outcome}`), n: total.movements, amount: money(total.amount, total.currency) }))));
}

function warnings(report) {
  return report.warnings.map((warning) => element("p", { class: "problem small" }, `${words(warning.caution).text} ${words(warning.caution).next} ${warning.detail}`));
}

function lines(report) {
  return element("ul", { class: "plain-list small" }, report.lines.slice(0, LINES_SHOWN).map((line) => element("li", {},
    element("span", { class: `tag tag-${line.outcome}` }, say(`outcome_${line.outcome}`)), ` ${money(line.amount, line.currency)} `,
    say("report_line", { line: line.line, name: line.counterparty_name, remittance: line.remittance }),
    line.reason && element("span", { class: "line" }, words(line.reason).text),
    line.note && element("span", { class: "line" }, words(line.note).text))));
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
