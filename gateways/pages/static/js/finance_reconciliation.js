// Books beside the bank: a line for each account and each of the last days.

import { get, post, sentence, words } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { formatAmount } from "./money.js";
import { hasRole } from "./page.js";
import { say } from "./language.js";

const DAYS = 7;
const DAY_MS = 86_400_000;
const CENTRE_OFFSET_MS = 8 * 3_600_000;
const COLUMNS = ["day", "bank", "books", "difference", "status"];

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginReconciliation(me, changed) {
  let accounts = [];
  byId("reconcile").hidden = !hasRole(me, "finance", "accountant");
  byId("reconcile").addEventListener("click", async () => {
    try {
      await post("/reconciliation/run");
      setText(byId("reconciliation-outcome"), "");
    } catch (error) {
      setText(byId("reconciliation-outcome"), sentence(error));
    }
    changed();
  });

  async function load() {
    const since = new Date(Date.now() + CENTRE_OFFSET_MS - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
    const known = await get("/reconciliation/accounts");
    accounts = await Promise.all(known.accounts.map(async ({ account, currency }) => {
      const { days } = await get(`/reconciliation/days?account=${encodeURIComponent(account)}&since=${since}&days=${DAYS}`);
      return { account, currency, days: days.reverse() };
    }));
  }

  function draw() {
    fill(byId("reconciliation"), accounts.length ? accounts.map(drawAccount) : element("p", { class: "quiet" }, say("reconciliation_empty")));
  }

  return { load, draw };
}

function drawAccount({ account, currency, days }) {
  const head = COLUMNS.map((name) => element("th", { scope: "col" }, say(`column_${name}`)));
  return element("div", { class: "scroll" }, element("h3", {}, account), element("table", { class: "register" },
    element("thead", {}, element("tr", {}, head)), element("tbody", {}, days.map((day) => drawDay(day, currency)))));
}

function drawDay(day, currency) {
  const cells = [
    day.day,
    day.bank ? money(day.bank.closing, currency) : "–",
    money(day.books.closing, currency),
    day.difference === null ? "–" : money(day.difference, currency),
    status(day, currency),
  ];
  return element("tr", { "data-day": day.day }, cells.map((cell, number) => element("td", { "data-label": say(`column_${COLUMNS[number]}`) }, cell)));
}

function status(day, currency) {
  const open = day.differences.filter((one) => one.reason !== "day_differs");
  const text = day.is_balanced ? say("day_balanced") : day.is_statement_missing ? say("day_missing") : say("day_differs_n", { n: open.length });
  return element("span", {}, element("span", { class: `tag ${day.is_balanced ? "tag-paid" : "tag-soon"}` }, text),
    open.map((one) => element("span", { class: "line small quiet" }, `${words(one.reason).text} ${money(one.amount, currency)} ${one.reference} ${one.party}`)));
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
