// The centre's accounts at banks: where money comes in, and from where it is paid.

import { get, post } from "./api.js";
import { byId, element, fill } from "./elements.js";
import { Desk, drawChoices } from "./finance_desk.js";
import { hasRole } from "./page.js";
import { say } from "./language.js";

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginAccounts(me, changed) {
  const desk = new Desk("accounts-outcome", changed);
  let accounts = [];
  let payFrom = [];
  let banks = [];

  byId("bank-account-form").hidden = !hasRole(me, "finance", "accountant");
  byId("paying-account-form").hidden = !hasRole(me, "finance", "cashier");
  desk.submits("bank-account-form", ({ is_main: isMain, ...fields }) => post("/bank/accounts", { ...trimmed(fields), is_main: isMain === "on" }), () => say("account_entered"));
  desk.submits("paying-account-form", ({ bank_code: bank, ...fields }) => {
    const { currency } = banks.find((one) => one.account === fields.account);
    return post("/payouts/paying-accounts", { ...trimmed(fields), bank: bank.trim(), currency });
  }, () => say("account_entered"));

  async function load() {
    let books;
    [{ accounts }, { accounts: payFrom }, books] = await Promise.all([get("/bank/accounts"), get("/payouts/paying-accounts"), get("/reconciliation/accounts")]);
    banks = books.accounts;
  }

  function draw() {
    fill(byId("bank-accounts"), accounts.length ? accounts.map(drawAccount) : element("li", { class: "quiet" }, say("reconciliation_empty")));
    fill(byId("paying-accounts"), payFrom.map((one) => element("li", { "data-paying": one.name }, element("strong", {}, one.name), ` · ${one.number} · ${one.account}`)));
    drawChoices(byId("paying-ledger-account"), banks.map((one) => [one.account, one.account]));
  }

  return { load, draw };
}

function drawAccount(one) {
  return element("li", { "data-bank": one.slug }, element("strong", {}, one.slug), ` · ${one.number} · ${one.currency}`,
    element("span", { class: "quiet small line" }, `${one.bank_name} ${one.holder} · ${one.account}`));
}

function trimmed(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value).trim()]));
}
