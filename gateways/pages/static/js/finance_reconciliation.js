// Books beside the bank: a line for each account and each of the last days.

import { get, post, words } from "./api.js";
import { byId, element, fill } from "./elements.js";
import { Desk, drawChoices } from "./finance_desk.js";
import { formatAmount } from "./money.js";
import { hasRole } from "./page.js";
import { half, say } from "./language.js";

const DAYS = 7;
const LINES_SHOWN = 12;
const DAY_MS = 86_400_000;
const CENTRE_OFFSET_MS = 8 * 3_600_000;
const COLUMNS = ["day", "bank", "books", "difference", "status"];

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginReconciliation(me, changed) {
  const canMake = hasRole(me, "finance", "accountant");
  const canCheck = hasRole(me, "finance", "checker");
  const desk = new Desk("reconciliation-outcome", changed);
  let accounts = [];
  let waiting = { write_offs: [], people: {} };
  byId("reconcile").hidden = !canMake;
  byId("opening-form").hidden = !canMake;
  byId("reconcile").addEventListener("click", () => desk.act(() => post("/reconciliation/run")));
  desk.submits("opening-form", (fields) => post("/reconciliation/write-offs", { ...fields, against: "opening_balance" }), () => say("write_off_proposed"));

  async function load() {
    const since = new Date(Date.now() + CENTRE_OFFSET_MS - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
    let known;
    [known, waiting] = await Promise.all([get("/reconciliation/accounts"), get("/reconciliation/write-offs?open=true")]);
    accounts = await Promise.all(known.accounts.map(async ({ account, currency }) => {
      const { days } = await get(`/reconciliation/days?account=${encodeURIComponent(account)}&since=${since}&days=${DAYS}`);
      return { account, currency, days: days.reverse() };
    }));
  }

  function draw() {
    drawChoices(byId("opening-account"), accounts.map(({ account }) => [account, account]));
    fill(byId("write-offs"), waiting.write_offs.map(drawWriteOff));
    fill(byId("reconciliation"), accounts.length ? accounts.map(drawAccount) : element("p", { class: "quiet" }, say("reconciliation_empty")));
  }

  function drawAccount({ account, currency, days }) {
    const head = COLUMNS.map((name) => element("th", { scope: "col" }, say(`column_${name}`)));
    return element("div", { class: "scroll" }, element("h3", {}, account), element("table", { class: "register" },
      element("thead", {}, element("tr", {}, head)), element("tbody", {}, days.map((day) => drawDay(day, account, currency)))));
  }

  function drawDay(day, account, currency) {
    const cells = [
      day.day,
      day.bank ? money(day.bank.closing, currency) : "–",
      money(day.books.closing, currency),
      day.difference === null ? "–" : money(day.difference, currency),
      status(day, account, currency),
    ];
    return element("tr", { "data-day": day.day }, cells.map((cell, number) => element("td", { "data-label": say(`column_${COLUMNS[number]}`) }, cell)));
  }

  function status(day, account, currency) {
    const open = day.differences.filter((one) => one.reason !== "day_differs");
    const text = day.is_balanced ? say("day_balanced") : day.is_statement_missing ? say("day_missing") : say("day_differs_n", { n: open.length });
    return element("span", {}, element("span", { class: `tag ${day.is_balanced ? "tag-paid" : "tag-soon"}` }, text),
      open.slice(0, LINES_SHOWN).map((one) => element("span", { class: "line small quiet" }, `${words(one.reason).text} ${money(one.amount, currency)} ${one.reference} ${one.party} `,
        canMake && one.movement_id && !one.sequence && writeOffButton(one, account))),
      open.length > LINES_SHOWN && element("span", { class: "line small quiet" }, say("lines_more", { n: open.length - LINES_SHOWN })));
  }

  /** What the bank took is a charge, what it gave is interest; another person confirms it. */
  function writeOffButton(one, account) {
    const against = one.amount < 0 ? "bank_charges" : "bank_interest";
    return desk.reasoned("write-off", `write_off_${against}`, "write_off_note",
      (note) => post("/reconciliation/write-offs", { account, against, note, movement_ids: [one.movement_id] }));
  }

  function drawWriteOff(one) {
    const place = `/reconciliation/write-offs/${one.proposal_id}`;
    return element("li", { "data-write-off": one.proposal_id },
      element("strong", {}, money(one.amount, one.currency)), ` · ${say(`against_${one.against}`)} · ${one.account}`,
      element("span", { class: "quiet small line" }, say("proposed_line", { who: half(waiting.people[one.proposed_by] ?? ""), reason: one.note })),
      canCheck && element("div", { class: "entry-acts" },
        desk.button("confirm", "approve", () => desk.act(() => post(`${place}/confirmation`), say("write_off_done"))),
        desk.reasoned("decline", "decline", "decline_reason", (reason) => post(`${place}/decline`, { reason }))));
  }

  return { load, draw };
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
