// Finance: the deposit register, money in suspense, entering a receipt, downloads, the proof of the books.

import { get, post, sentence, words } from "./api.js";
import { beginBank } from "./finance_bank.js";
import { beginAccounts } from "./finance_accounts.js";
import { beginClosing } from "./finance_closing.js";
import { beginDefaults } from "./finance_defaults.js";
import { beginLots } from "./finance_lots.js";
import { beginPayouts } from "./finance_payouts.js";
import { beginReconciliation } from "./finance_reconciliation.js";
import { byId, element, fill, setText } from "./elements.js";
import { capitalAmount, formatAmount, groupedReference, parseAmount } from "./money.js";
import { half, knows, language, onLanguage, pick, say } from "./language.js";
import { FINANCE, beginPage, hasRole, isKeptOut, showStatus } from "./page.js";
import { momentText } from "./standing.js";

const REFRESH_MS = 15000;
const STATES = ["awaiting_payment", "part_paid", "received", "held", "applied_to_price", "defaulted", "forfeited", "refund_due", "refunded", "lapsed"];
const ROWS = 20;
const COLUMNS = [
  { key: "lot", cell: lotCell },
  { key: "bidder", cell: bidderCell },
  { key: "state", cell: stateCell },
  ...["required", "received", "held", "applied", "refund_due"].map((key) => ({
    key, isNumber: true, cell: (row) => (row[key] ? money(row[key], row.currency) : "–"),
  })),
];
const SUMS = ["required", "received", "held", "applied", "refund_due"];

const me = await beginPage();
const titles = new Map();
let deposits = [];
let parts = [];
let bank = null;
let report = null;
let receiptOutcome = null;
let rowsMax = ROWS;
let loading = null;
let isLoadWanted = false;
let isDrawWanted = false;
let isPressed = false;
if (!isKeptOut(me, byId("status"), ...FINANCE)) await begin();

async function begin() {
  bank = beginBank(me, load);
  parts = [
    bank, beginPayouts(me, load), beginReconciliation(me, load), beginDefaults(me, load), beginClosing(me, load),
    beginAccounts(me, load), beginLots(me, load, lotChoices),
  ];
  byId("receipt-panel").hidden = !hasRole(me, "finance", "cashier");
  watchPresses();
  onLanguage(draw);
  drawFilters();
  byId("refresh").addEventListener("click", load);
  byId("verify").addEventListener("click", verify);
  for (const id of ["state", "lot", "search"]) byId(id).addEventListener("input", () => showRows(ROWS));
  byId("more").addEventListener("click", () => showRows(rowsMax + ROWS));
  byId("filters").addEventListener("submit", (submitted) => submitted.preventDefault());
  byId("receipt").addEventListener("submit", bookReceipt);
  byId("receipt-amount").addEventListener("input", previewAmount);
  proposeReceipt();
  await load();
  await verify();
  setInterval(() => document.hidden || load(), REFRESH_MS);
}

/** Load everything once more; what is asked for while that goes on is loaded after it, so that nothing old is drawn last. */
async function load() {
  isLoadWanted = true;
  loading ??= loadWanted();
  await loading;
}

async function loadWanted() {
  try {
    while (isLoadWanted) {
      isLoadWanted = false;
      await loadOnce();
    }
  } finally {
    loading = null;
  }
}

async function loadOnce() {
  try {
    const [register] = await Promise.all([get("/deposits"), loadTitles(), ...parts.map((part) => part.load())]);
    deposits = register.deposits;
    byId("books").hidden = false;
    showStatus(byId("status"), "");
    drawSoon();
  } catch (error) {
    showStatus(byId("status"), sentence(error), { isBad: true });
  }
}

/** A click is a press and a release on the same node: nothing is drawn anew between the two. */
function drawSoon() {
  isDrawWanted = true;
  if (!isPressed) draw();
}

function watchPresses() {
  addEventListener("pointerdown", () => (isPressed = true), { capture: true });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => {
      isPressed = false;
      setTimeout(() => isDrawWanted && !isPressed && draw());
    }, { capture: true });
  }
}

async function loadTitles() {
  const { lots } = await get("/lots?limit=200");
  for (const card of lots) titles.set(card.lot, card);
}

function draw() {
  isDrawWanted = false;
  for (const link of document.querySelectorAll(".downloads a")) {
    const { format } = link.dataset;
    const fixed = format ? { format } : {};
    if (!link.pathname.endsWith(".beancount")) link.search = new URLSearchParams({ ...fixed, language: language() });
  }
  drawFilters();
  drawTotals();
  drawRegister();
  for (const part of parts) part.draw();
  drawReport();
  drawReceiptOutcome();
  previewAmount();
}

function drawFilters() {
  drawOptions(byId("state"), STATES.map((state) => [state, say(`money_${state}`)]));
  drawOptions(byId("lot"), lotChoices());
}

function lotChoices() {
  const lots = [...new Set(deposits.map((row) => row.lot_id))].sort((one, other) => other - one);
  return lots.map((lot) => [String(lot), lotName(lot)]);
}

function drawOptions(select, options) {
  const chosen = select.value;
  fill(select, element("option", { value: "" }, say("all")), options.map(([value, text]) => element("option", { value }, text)));
  select.value = chosen;
}

function lotName(lot) {
  const card = titles.get(lot);
  return card ? `${card.code} ${pick(card.title)}` : say("lot_number", { lot });
}

function lotCell(row) {
  const card = titles.get(row.lot_id);
  const link = element("a", { href: `/lots/${row.lot_id}` }, card ? pick(card.title) : say("lot_number", { lot: row.lot_id }));
  return element("span", { class: "lot-name" }, link, card ? element("span", { class: "quiet small line" }, card.code) : null);
}

function bidderCell(row) {
  return element("span", {}, half(row.payer_name) || say("account_number", { id: row.bidder_id }), element("code", { class: "line" }, groupedReference(row.reference)));
}

function stateCell(row) {
  const settled = row.settled_at_us && element("span", { class: "quiet small line" }, momentText(row.settled_at_us));
  return element("span", {}, element("span", { class: `tag tag-${row.state}` }, say(`money_${row.state}`)), settled);
}

function drawTotals() {
  const currencies = [...new Set(deposits.map((row) => row.currency))];
  const cells = currencies.flatMap((currency) => {
    const rows = deposits.filter((row) => row.currency === currency);
    return SUMS.slice(1).map((key) => [`total_${key}`, money(rows.reduce((sum, row) => sum + row[key], 0), currency)]);
  });
  cells.unshift(["total_deposits", String(deposits.length)]);
  cells.push(["total_suspense", String(bank.count())]);
  fill(byId("totals"), cells.map(([key, value]) => element("div", {}, element("dt", {}, say(key)), element("dd", {}, value))));
}

function showRows(most) {
  rowsMax = most;
  drawRegister();
}

function drawRegister() {
  const found = matching();
  const rows = found.slice(0, rowsMax);
  byId("more").hidden = rows.length === found.length;
  fill(byId("register-head"), COLUMNS.map(({ key, isNumber }) => element("th", { scope: "col", class: isNumber ? "number" : null }, say(`column_${key}`))));
  fill(byId("register"), rows.map(registerRow));
  setText(byId("register-summary"), rows.length ? say("rows_shown", { shown: rows.length, found: found.length, total: deposits.length }) : say("no_deposits"));
}

function matching() {
  const state = byId("state").value;
  const lot = byId("lot").value;
  const words = byId("search").value.trim().toLowerCase();
  const digits = words.replace(/[\s-]/g, "");
  return deposits.filter((row) => (!state || row.state === state) && (!lot || String(row.lot_id) === lot)
    && (!words || row.reference.includes(digits) || `${row.payer_name} ${lotName(row.lot_id)}`.toLowerCase().includes(words)));
}

function registerRow(row) {
  return element("tr", { "data-lot": row.lot_id, "data-bidder": row.bidder_id, "data-state": row.state },
    COLUMNS.map(({ key, cell, isNumber }) => element("td", { class: isNumber ? "number" : null, "data-label": say(`column_${key}`), "data-empty": isNumber && !row[key] }, cell(row))));
}

function reasonText(reason) {
  return reason ? (knows(`reason_${reason}`) ? say(`reason_${reason}`) : words(reason).text) : "";
}

async function verify() {
  byId("verify").disabled = true;
  try {
    report = await get("/ledger/verification");
    drawReport();
  } catch (error) {
    setText(byId("verdict"), sentence(error));
  }
  byId("verify").disabled = false;
}

function drawReport() {
  if (!report) return;
  const isSound = report.is_sound;
  setText(byId("verdict"), say(isSound ? "books_sound" : "books_not_sound"));
  byId("verdict").className = isSound ? "good" : "problem";
  fill(byId("verification"), report.checks.map((check) => element("div", {},
    element("dt", {}, checkName(check.name)),
    element("dd", {}, say("check_result", { examined: check.examined, wrong: check.discrepancy_count }), check.discrepancies.map((line) => element("span", { class: "line problem" }, line))))));
}

function checkName(name) {
  const key = `check_${name.replaceAll(" ", "_")}`;
  return knows(key) ? say(key) : name;
}

function proposeReceipt() {
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
  byId("receipt-at").value = now.toISOString().slice(0, 19);
  for (const id of ["receipt-id", "receipt-reference", "receipt-amount", "receipt-payer"]) byId(id).value = "";
}

function previewAmount() {
  const currency = byId("receipt-currency").value;
  const typed = byId("receipt-amount").value;
  const parsed = parseAmount(typed, currency);
  const capital = parsed.amount && currency === "CNY" ? ` ${capitalAmount(parsed.amount)}` : "";
  setText(byId("receipt-preview"), parsed.amount ? money(parsed.amount, currency) + capital : typed ? say(`amount_${parsed.problem}`) : "");
  byId("receipt-preview").classList.toggle("problem", Boolean(typed) && !parsed.amount);
  return parsed;
}

async function bookReceipt(submitted) {
  submitted.preventDefault();
  const { amount } = previewAmount();
  const receivedAt = new Date(byId("receipt-at").value).getTime();
  const fields = { receipt_id: byId("receipt-id").value.trim(), reference: byId("receipt-reference").value.trim(), payer_name: byId("receipt-payer").value.trim() };
  if (!amount || !receivedAt || Object.values(fields).some((value) => !value)) {
    receiptOutcome = { problem: () => say("fill_all") };
    drawReceiptOutcome();
    return;
  }
  try {
    const answer = await post("/bank/receipts", { receipts: [{ ...fields, amount, currency: byId("receipt-currency").value, received_at_us: receivedAt * 1000 }] });
    receiptOutcome = answer.outcomes[0];
    if (receiptOutcome.state !== "refused") proposeReceipt();
    await load();
  } catch (error) {
    receiptOutcome = { problem: () => sentence(error) };
  }
  drawReceiptOutcome();
}

function drawReceiptOutcome() {
  const node = byId("receipt-outcome");
  if (!receiptOutcome) return;
  const { problem, state, reason } = receiptOutcome;
  const isBad = Boolean(problem) || state === "refused";
  setText(node, problem ? problem() : [say(`receipt_${state}`), reasonText(reason)].filter(Boolean).join(" "));
  node.className = isBad ? "outcome-line problem" : "outcome-line good";
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
