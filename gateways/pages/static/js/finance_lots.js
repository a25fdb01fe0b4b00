// What a sale brought: its money rule, the centre's fees, and what goes to the seller and to the treasury.

import { get, post, sentence } from "./api.js";
import { byId, element, fill } from "./elements.js";
import { Desk, drawChoices } from "./finance_desk.js";
import { formatAmount, parseAmount } from "./money.js";
import { hasRole } from "./page.js";
import { half, language, say } from "./language.js";

/** Begin this part of the page; `lots` returns [lot, name] of those to choose from. Returns `{load, draw}`. */
export function beginLots(me, changed, lots) {
  const canMake = hasRole(me, "finance", "cashier");
  const desk = new Desk("proceeds-outcome", changed);
  let sheet = null;

  byId("take-fees").hidden = !hasRole(me, "finance", "cashier", "accountant");
  byId("proceeds-form").hidden = !canMake;
  byId("proceeds-lot").addEventListener("input", look);
  byId("take-fees").addEventListener("click", () => desk.act(() => post(`/lots/${sheet.lot}/fees`), ({ taken }) => say("fees_taken", { amount: money(taken, sheet.currency) })));
  byId("proceeds-form").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const { to, amount, ...payee } = Object.fromEntries(new FormData(submitted.target));
    const parsed = amount.trim() ? parseAmount(amount, sheet?.currency ?? "CNY") : { amount: null };
    if (parsed.problem) {
      desk.say(say(`amount_${parsed.problem}`), { isBad: true });
      return;
    }
    const path = to === "treasury" ? "/treasury/payouts" : `/lots/${sheet.lot}/seller-payouts`;
    if (await desk.act(() => post(path, { ...payee, amount: parsed.amount }), say("proceeds_proposed"))) submitted.target.reset();
  });

  async function load() {
    if (sheet) sheet = await get(`/lots/${sheet.lot}/money`);
  }

  async function look() {
    const lot = byId("proceeds-lot").value;
    try {
      sheet = lot ? await get(`/lots/${lot}/money`) : null;
      desk.say("");
    } catch (error) {
      sheet = null;
      desk.say(sentence(error), { isBad: true });
    }
    draw();
  }

  function draw() {
    drawChoices(byId("proceeds-lot"), [["", say("choose_lot")], ...lots()]);
    byId("take-fees").disabled = !sheet;
    byId("proceeds-sheet").hidden = !sheet;
    for (const link of byId("lot-sheet-downloads").querySelectorAll("a")) {
      link.href = `/api/v1/exports/lot?${new URLSearchParams({ format: link.dataset.lotFormat, lot: sheet?.lot ?? "", language: language() })}`;
    }
    fill(byId("proceeds"), sheet ? rows(sheet).map(([key, value]) => element("div", {}, element("dt", {}, key), element("dd", {}, value))) : []);
  }

  return { load, draw };
}

function rows({ rule, refund_clock: clock, fees, payable, payouts, currency }) {
  return [
    [say("money_rule"), `${clock} · ${language() === "zh" ? rule.article_zh : rule.article_en}`],
    ...fees.map((fee) => [say(`fee_${fee.kind}`), say("fee_line", { amount: money(fee.amount, currency), left: money(fee.left, currency) })]),
    [say("payable_to_seller"), money(payable, currency)],
    ...payouts.map((one) => [say(`payout_${one.state}`), `${money(one.amount, currency)} · ${half(one.payee_name)}`]),
  ];
}

function money(amount, currency) {
  return formatAmount(amount, currency, { isExact: true });
}
