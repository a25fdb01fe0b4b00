// The host's console: the board of lots under way, one of them in hand, and the record of what was done.

import { get, sentence } from "./api.js";
import { confirm } from "./confirmation.js";
import { atNextFrame, byId, element, fill, setText } from "./elements.js";
import { drawFigures, drawTime } from "./figures.js";
import { half, onLanguage, pick, say } from "./language.js";
import { Outcomes } from "./outcomes.js";
import { beginPage, isKeptOut, showStatus } from "./page.js";
import { LIVE, LiveConnection } from "./protocol.js";
import { EMPTY_ROOM, isClosed, reduce, withOlder } from "./reducer.js";
import { connectionText, countdown, priceText, stateBadge } from "./standing.js";
import { drawTimeline } from "./timeline.js";

const LOTS_MAX = 200;
const RECORDS = 200;
const RELOAD_MS = 20000;
const ACTS = [
  { act: "open", states: ["announced"] },
  { act: "fair_warning", states: ["open"], isQuick: true },
  { act: "hammer", states: ["open"], isDangerous: true },
  { act: "pause", states: ["open"], needsReason: true },
  { act: "resume", states: ["frozen"] },
  { act: "withdraw", states: ["announced", "open", "frozen", "knocked_down"], needsReason: true, isDangerous: true },
  { act: "reserve", states: ["open"], needsAmount: true },
  { act: "confirm", states: ["knocked_down"] },
  { act: "default", states: ["knocked_down"], needsReason: true, isDangerous: true },
];

const me = await beginPage();
const cards = new Map();
const rooms = new Map();
const lines = new Map();
const links = new Map();
let selected = 0;
let isBusy = false;
const connection = new LiveConnection({ onFrame: takeFrame, onState: drawConnection });
const drawSoon = atNextFrame(drawSelected);
const outcomes = new Outcomes(byId("outcomes"));
if (!isKeptOut(me, byId("status"), "host", "admin")) await begin();

async function begin() {
  byId("show-closed").addEventListener("change", drawBoard);
  byId("only-acts").addEventListener("change", drawSelected);
  byId("earlier").addEventListener("click", loadEarlier);
  onLanguage(() => {
    lines.clear();
    drawBoard();
    outcomes.redraw();
    drawSelected();
  });
  connection.connect();
  await load();
  const wanted = Number(new URLSearchParams(location.search).get("lot"));
  if (cards.has(wanted)) select(wanted);
  setInterval(() => document.hidden || load(), RELOAD_MS);
  setInterval(drawTimes, 250);
}

async function load() {
  try {
    const { lots } = await get(`/lots?limit=${LOTS_MAX}`);
    for (const card of lots) {
      cards.set(card.lot, card);
      if (!rooms.has(card.lot)) rooms.set(card.lot, { ...EMPTY_ROOM, view: card.view });
    }
    byId("console").hidden = false;
    follow();
    drawBoard();
  } catch (error) {
    showStatus(byId("status"), sentence(error), { isBad: true });
  }
}

function follow() {
  const most = connection.hello?.limits.subscriptions_max ?? 0;
  const living = [...rooms].filter(([lot, room]) => lot !== selected && !room.isFollowed && !isClosed(room.view)).slice(0, Math.max(0, most - 1));
  for (const [lot, room] of living) {
    rooms.set(lot, { ...room, isFollowed: true });
    connection.subscribe(lot, "state");
  }
}

function takeFrame(frame) {
  if (frame.type === "hello") follow();
  const room = rooms.get(frame.lot);
  if (!room) return;
  const next = reduce(room, frame);
  rooms.set(frame.lot, next);
  drawLine(frame.lot);
  if (frame.lot === selected) drawSoon();
}

function select(lot) {
  if (lot === selected) return;
  if (selected) connection.subscribe(selected, "state");
  selected = lot;
  outcomes.clear();
  history.replaceState(null, "", `/host?lot=${lot}`);
  connection.subscribe(lot, "full");
  byId("selected").hidden = false;
  drawBoard();
  drawSelected();
  loadRecords();
}

/** Staff may read what is withheld from the public, with the links of the chain: fetch it once in full. */
async function loadRecords() {
  const lot = selected;
  try {
    const after = Math.max(0, rooms.get(lot).offset - RECORDS);
    const { records } = await get(`/lots/${lot}/records?after=${after}&limit=${RECORDS}`);
    keep(lot, records);
  } catch (error) {
    showStatus(byId("status"), sentence(error), { isBad: true });
  }
}

async function loadEarlier() {
  const lot = selected;
  const first = rooms.get(lot).records[0]?.sequence ?? 1;
  const { records } = await get(`/lots/${lot}/records?after=${Math.max(0, first - 1 - RECORDS)}&limit=${RECORDS}`);
  rooms.set(lot, withOlder(rooms.get(lot), records));
  keep(lot, records);
}

function keep(lot, records) {
  for (const record of records) links.set(`${lot}:${record.sequence}`, record);
  if (!rooms.get(lot).records.length) rooms.set(lot, { ...rooms.get(lot), records });
  if (lot === selected) drawSelected();
}

function drawBoard() {
  const isClosedShown = byId("show-closed").checked;
  const wanted = [...cards.keys()].filter((lot) => isClosedShown || lot === selected || !isClosed(rooms.get(lot).view));
  for (const lot of wanted) if (!lines.has(lot)) lines.set(lot, line(lot));
  fill(byId("board"), wanted.map((lot) => lines.get(lot).root));
  wanted.forEach(drawLine);
  showStatus(byId("status"), wanted.length ? "" : say("no_lots_under_way"));
  drawConnection();
}

function line(lot) {
  const figure = (key) => element("td", { class: "number", "data-label": say(key) });
  const nodes = { state: element("span"), price: element("td", { class: "number" }), bids: figure("bids"), online: figure("online_short"),
    time: element("td", { class: "clock" }) };
  nodes.choose = element("button", { type: "button", class: "choose", on: { click: () => select(lot) } }, pick(cards.get(lot).title));
  nodes.root = element("tr", { "data-lot": lot },
    element("th", { scope: "row" }, nodes.choose, element("span", { class: "tags" }, nodes.state, element("span", { class: "quiet small" }, cards.get(lot).code))),
    nodes.price, nodes.bids, nodes.online, nodes.time);
  return nodes;
}

function drawLine(lot) {
  const nodes = lines.get(lot);
  const room = rooms.get(lot);
  if (!nodes) return;
  fill(nodes.state, stateBadge(room.view));
  setText(nodes.price, priceText(room.view));
  setText(nodes.bids, String(room.view.bids));
  setText(nodes.online, room.presence ? `${room.presence.bidders} / ${room.presence.watchers}` : "–");
  nodes.choose.setAttribute("aria-pressed", String(lot === selected));
  nodes.root.classList.toggle("chosen", lot === selected);
  drawLineTime(lot);
}

function drawLineTime(lot) {
  const nodes = lines.get(lot);
  const { text, isUrgent } = countdown(rooms.get(lot).view, connection.clock.nowUs());
  setText(nodes.time, text);
  nodes.time.classList.toggle("urgent", isUrgent);
}

function drawTimes() {
  for (const lot of lines.keys()) drawLineTime(lot);
  if (selected) drawTime(rooms.get(selected), connection.clock.nowUs());
  setText(byId("connection"), connectionText(connection));
}

function drawSelected() {
  if (!selected) return;
  const room = rooms.get(selected);
  const card = cards.get(selected);
  fill(byId("tags"), stateBadge(room.view), element("span", { class: "tag" }, say(`category_${card.category}`)),
    element("a", { href: `/lots/${selected}`, class: "small" }, say("public_page")));
  setText(byId("selected-title"), pick(card.title));
  drawFigures(room, connection.clock.nowUs());
  drawActs(room);
  const records = room.records.map((record) => links.get(`${selected}:${record.sequence}`) ?? record);
  drawTimeline(byId("timeline"), { records, currency: card.currency, by: staffName, isOnlyActs: byId("only-acts").checked });
  byId("earlier").hidden = (room.records[0]?.sequence ?? 1) <= 1;
}

function drawActs(room) {
  const isReady = connection.state === LIVE && !isBusy;
  const shown = ACTS.filter((act) => isShown(act, room.view));
  const key = [selected, room.view.state, room.view.warnings, isReady, document.documentElement.lang].join();
  if (byId("acts").dataset.key === key) return;
  byId("acts").dataset.key = key;
  fill(byId("acts"), shown.map((act) => element("button", {
    type: "button",
    "data-act": act.act,
    class: act.isDangerous ? "danger" : act.act === "open" || act.act === "resume" ? "primary" : null,
    disabled: !isReady || !act.states.includes(room.view.state),
    on: { click: () => perform(act) },
  }, actText(act.act, room.view))));
}

/** Acts that only some lots know are shown for those alone. */
function isShown({ act, states }, view) {
  if (act === "hammer") return view.host_may_hammer;
  if (act === "reserve") return view.takes_late_reserve;
  return !["confirm", "default"].includes(act) || states.includes(view.state);
}

/** The name of an act; a fair warning says which it is, and of how many before the host may hammer. */
function actText(act, view) {
  const n = view.warnings + 1;
  const isCounted = act === "fair_warning" && view.host_may_hammer && n <= view.fair_warnings_min;
  return isCounted ? say("act_fair_warning_of", { n, of: view.fair_warnings_min }) : say(`act_${act}`, { n });
}

async function perform({ act, needsReason = false, needsAmount = false, isDangerous = false, isQuick = false }) {
  const lot = selected;
  const card = cards.get(lot);
  const { view } = rooms.get(lot);
  const values = { price: priceText(view) };
  const sure = isQuick ? { reason: "" } : await confirm({
    title: say(`confirm_${act}`, values),
    lines: [pick(card.title), act === "hammer" ? say("hammer_line", values) : ""].filter(Boolean),
    action: actText(act, view),
    needsReason,
    amountIn: needsAmount ? card.currency : null,
    isDangerous,
  });
  if (!sure || isBusy) return;
  isBusy = true;
  drawActs(rooms.get(lot));
  const answer = await connection.send({ type: "host", lot, act, reason: sure.reason, amount: sure.amount ?? 0 });
  isBusy = false;
  if (lot === selected) outcomes.add(answer, () => actText(act, view), card.currency);
  drawSelected();
}

function staffName(staff, name) {
  if (name) return half(name);
  return me.account.id === staff ? half(me.account.name) : say("staff_number", { id: staff });
}

function drawConnection() {
  setText(byId("connection"), connectionText(connection));
  byId("connection").dataset.state = connection.state;
  if (selected) drawActs(rooms.get(selected));
}
