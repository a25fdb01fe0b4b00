// My sign-ups: every lot that I signed up for, its deposit, and how I stand in it.

import { get, sentence } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { formatAmount, groupedReference } from "./money.js";
import { onLanguage, pick, say } from "./language.js";
import { beginPage, isKeptOut, showStatus } from "./page.js";
import { LiveConnection } from "./protocol.js";
import { connectionText, countdown, priceText, shownPrice, stateBadge } from "./standing.js";

const REFRESH_MS = 15000;

const me = await beginPage();
let signUps = [];
const views = new Map();
const connection = new LiveConnection({ onFrame: takeFrame, onState: drawConnection });
if (!isKeptOut(me, byId("status"), "bidder")) await begin();

async function begin() {
  onLanguage(draw);
  connection.connect();
  await load();
  setInterval(() => document.hidden || load(), REFRESH_MS);
  setInterval(drawTimes, 250);
}

async function load() {
  try {
    signUps = (await get("/me/sign-ups")).sign_ups;
    draw();
    follow();
  } catch (error) {
    showStatus(byId("status"), sentence(error), { isBad: true });
  }
}

function follow() {
  const most = connection.hello?.limits.subscriptions_max ?? 0;
  for (const { lot } of signUps.slice(0, most)) if (!views.has(lot)) connection.subscribe(lot, "state");
}

function takeFrame(frame) {
  if (frame.type === "hello") follow();
  if (!frame.state || !frame.lot) return;
  views.set(frame.lot, frame.state);
  draw();
}

function draw() {
  showStatus(byId("status"), signUps.length ? "" : " ");
  if (!signUps.length) fill(byId("status"), say("no_sign_ups"), " ", element("a", { href: "/?state=announced" }, say("to_catalogue")));
  fill(byId("sign-ups"), signUps.map(card));
  drawTimes();
  drawConnection();
}

function card(mine) {
  const view = views.get(mine.lot);
  return element("li", { class: "card", "data-lot": mine.lot },
    element("p", { class: "tags" }, view ? stateBadge(view) : null, element("span", { class: `tag tag-${mine.state}` }, say(`sign_up_${mine.state}`))),
    element("h2", {}, element("a", { href: `/lots/${mine.lot}` }, pick(mine.title))),
    view ? standing(mine, view) : null,
    element("dl", { class: "terms" }, rows(mine).map(([key, value]) => element("div", {}, element("dt", {}, say(key)), element("dd", {}, value)))));
}

function standing(mine, view) {
  const { label } = shownPrice(view);
  const mineLeads = mine.paddle > 0 && (view.state === "sold" ? view.winner : view.leader) === mine.paddle;
  const key = view.state === "sold" ? (mineLeads ? "i_won" : "i_lost") : mineLeads ? "i_lead" : "i_do_not_lead";
  return element("dl", { class: "card-figures" },
    element("div", {}, element("dt", {}, say(label)), element("dd", { class: "card-price" }, priceText(view))),
    element("div", {}, element("dt", { "data-clock-label": mine.lot }), element("dd", { "data-clock": mine.lot })),
    mine.paddle ? element("div", {}, element("dt", {}, say("my_standing")), element("dd", { class: mineLeads ? "good" : "" }, say(key))) : null);
}

function rows(mine) {
  const money = (amount) => formatAmount(amount, mine.currency, { isExact: true });
  const known = [["my_paddle", mine.paddle ? String(mine.paddle) : say("none")]];
  if (mine.reference) {
    known.push(["deposit_reference", element("code", {}, groupedReference(mine.reference))]);
    known.push(["deposit_required", money(mine.required)], ["deposit_received", money(mine.received)]);
    if (mine.applied) known.push(["deposit_applied", money(mine.applied)]);
    if (mine.refund_due) known.push(["deposit_refund_due", money(mine.refund_due)]);
  }
  return known;
}

function drawTimes() {
  for (const [lot, view] of views) {
    const node = document.querySelector(`[data-clock="${lot}"]`);
    if (!node) continue;
    const { label, text } = countdown(view, connection.clock.nowUs());
    setText(document.querySelector(`[data-clock-label="${lot}"]`), say(label));
    setText(node, text);
  }
}

function drawConnection() {
  setText(byId("connection"), connectionText(connection));
  byId("connection").dataset.state = connection.state;
}
