// Winners who did not honour their bids: who gets the deposit, by the order of the lot's rule.

import { get, post, sentence } from "./api.js";
import { byId, element, fill } from "./elements.js";
import { Desk, drawChoices } from "./finance_desk.js";
import { formatAmount, parseAmount } from "./money.js";
import { hasRole } from "./page.js";
import { half, language, say } from "./language.js";

const SHOWN = 20;

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginDefaults(me, changed) {
  const canMake = hasRole(me, "finance", "cashier", "accountant");
  const canCheck = hasRole(me, "finance", "checker");
  const desk = new Desk("defaults-outcome", changed);
  let cases = [];
  let people = {};
  let drawn = "";

  byId("default-case").addEventListener("input", drawClaims);
  byId("default-preview").addEventListener("click", preview);
  byId("default-form").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const body = claims();
    if (body && await desk.act(() => post(`${place()}/proposal`, body), say("default_proposed"))) fill(byId("default-shares"));
  });

  async function load() {
    ({ cases, people } = await get("/defaults"));
  }

  function draw() {
    fill(byId("defaults"), cases.length ? [...cases].reverse().slice(0, SHOWN).map(drawCase) : element("li", { class: "quiet" }, say("defaults_empty")));
    const open = cases.filter((one) => one.state === "open");
    byId("default-form").hidden = !canMake || open.length === 0;
    drawChoices(byId("default-case"), open.map((one) => [`${one.lot_id}/${one.bidder_id}`, say("default_choice", { lot: one.lot_id, name: half(one.payer_name), amount: money(one.held, one) })]));
    drawClaims();
  }

  function drawCase(one) {
    const shares = one.proposal?.shares ?? [];
    return element("li", { "data-default": `${one.lot_id}/${one.bidder_id}`, "data-state": one.state },
      element("span", { class: "entry-head" }, element("strong", {}, money(one.held, one)), half(one.payer_name),
        element("span", { class: `tag tag-${one.state}` }, say(`default_${one.state}`))),
      element("span", { class: "quiet small line" }, language() === "zh" ? one.order.article_zh : one.order.article_en),
      shares.map((share) => drawShare(share, one)),
      one.reason && element("span", { class: "problem small line" }, one.reason),
      one.state === "proposed" && element("span", { class: "quiet small line" }, say("proposed_line", { who: half(people[one.proposal.proposed_by] ?? ""), reason: "" })),
      canCheck && one.state === "proposed" && element("div", { class: "entry-acts" },
        desk.button("confirm", "approve", () => desk.act(() => post(`/defaults/${one.lot_id}/bidders/${one.bidder_id}/confirmation`), say("default_done"))),
        desk.reasoned("decline", "decline", "decline_reason", (reason) => post(`/defaults/${one.lot_id}/bidders/${one.bidder_id}/decline`, { reason }))));
  }

  function drawShare(share, one) {
    return element("span", { class: "small line" }, say("share_line", {
      kind: share.kind ? say(`claim_${share.kind}`) : say("claim_rest"), party: say(`party_${share.party}`), amount: money(share.amount, one),
    }));
  }

  /** One line of fields for each claim that the order of the lot's rule knows; drawn anew only for another case. */
  function drawClaims() {
    const key = `${byId("default-case").value} ${language()}`;
    if (key === drawn) return;
    drawn = key;
    fill(byId("default-shares"));
    const one = chosen();
    fill(byId("default-claims"), one ? one.order.steps.map(([kind]) => element("div", { class: "row", "data-claim": kind },
      element("label", {}, element("span", {}, say(`claim_${kind}`)), element("input", { name: `${kind}-amount`, inputmode: "decimal", autocomplete: "off", maxlength: 40 })),
      element("label", {}, element("span", {}, say("claim_ground")), element("input", { name: `${kind}-ground`, autocomplete: "off", maxlength: 200 })))) : []);
  }

  function chosen() {
    return cases.find((one) => `${one.lot_id}/${one.bidder_id}` === byId("default-case").value);
  }

  function place() {
    const one = chosen();
    return `/defaults/${one.lot_id}/bidders/${one.bidder_id}`;
  }

  /** The claims as they are written; null, and said, where an amount is none. */
  function claims() {
    const one = chosen();
    const fields = new FormData(byId("default-form"));
    const found = [];
    for (const [kind] of one.order.steps) {
      const typed = String(fields.get(`${kind}-amount`)).trim();
      if (!typed) continue;
      const { amount, problem } = parseAmount(typed, one.currency);
      if (!amount) {
        desk.say(`${say(`claim_${kind}`)}: ${say(`amount_${problem}`)}`, { isBad: true });
        return null;
      }
      found.push({ kind, amount, ground: String(fields.get(`${kind}-ground`)).trim() });
    }
    return { claims: found };
  }

  async function preview() {
    const body = claims();
    if (!body) return;
    try {
      const { shares } = await post(`${place()}/division`, body);
      desk.say("");
      fill(byId("default-shares"), shares.map((share) => drawShare(share, chosen())));
    } catch (error) {
      desk.say(sentence(error), { isBad: true });
    }
  }

  return { load, draw };
}

function money(amount, { currency }) {
  return formatAmount(amount, currency, { isExact: true });
}
