// Closed days and months, and corrections: what one person proposes and another confirms.

import { get, post } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { Desk } from "./finance_desk.js";
import { hasRole } from "./page.js";
import { half, say } from "./language.js";

/** Begin this part of the page; `changed` is called after something was done. Returns `{load, draw}`. */
export function beginClosing(me, changed) {
  const canMake = hasRole(me, "finance", "accountant");
  const canCheck = hasRole(me, "finance", "checker");
  const closing = new Desk("closing-outcome", changed);
  const correcting = new Desk("reversals-outcome", changed);
  let periods = { state: { last_closed_day: null, proposals: [] }, people: {} };
  let waiting = { reversals: [], people: {} };

  byId("close-form").hidden = !canMake;
  byId("reversal-form").hidden = !canMake;
  closing.submits("close-form", ({ day, period, reason }) => post(`/periods/${period}/proposal`, { day, reason }), () => say("close_proposed"));
  correcting.submits("reversal-form", (fields) => post("/reversals", { transfer_id: fields.transfer.trim(), reason: fields.reason }), () => say("reversal_proposed"));

  async function load() {
    [periods, waiting] = await Promise.all([get("/periods"), get("/reversals?open=true")]);
  }

  function draw() {
    const { last_closed_day: last, proposals } = periods.state;
    setText(byId("closed-up-to"), last ? say("closed_up_to", { day: last }) : say("nothing_closed"));
    fill(byId("close-proposals"), proposals.length ? proposals.map(drawProposal) : element("li", { class: "quiet" }, say("nothing_waits")));
    fill(byId("reversals"), waiting.reversals.length ? waiting.reversals.map(drawReversal) : element("li", { class: "quiet" }, say("nothing_waits")));
  }

  function drawProposal(one) {
    const period = one.period === "month" ? "months" : "days";
    const points = one.open_points.map((point) => `${point.account} ${point.is_statement_missing ? say("day_missing") : say("day_differs_n", { n: point.lines })}`);
    return element("li", { "data-period": one.begins_on },
      element("strong", {}, `${one.begins_on} · ${say(`period_${one.period}`)}`),
      element("span", { class: "quiet small line" }, say("proposed_line", { who: half(periods.people[one.proposed_by] ?? ""), reason: one.reason })),
      points.map((point) => element("span", { class: "problem small line" }, point)),
      canCheck && element("div", { class: "entry-acts" },
        closing.button("confirm", "close_finally", () => closing.act(() => post(`/periods/${period}/confirmation`, { day: one.begins_on }), say("close_done")))));
  }

  function drawReversal(one) {
    const place = `/reversals/${one.proposal_id}`;
    return element("li", { "data-reversal": one.proposal_id },
      element("code", {}, one.transfer_id),
      element("span", { class: "quiet small line" }, say("proposed_line", { who: half(waiting.people[one.proposed_by] ?? ""), reason: one.reason })),
      canCheck && element("div", { class: "entry-acts" },
        correcting.button("confirm", "approve", () => correcting.act(() => post(`${place}/confirmation`), say("reversal_done"))),
        correcting.reasoned("decline", "decline", "decline_reason", (reason) => post(`${place}/decline`, { reason }))));
  }

  return { load, draw };
}
