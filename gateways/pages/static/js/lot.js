// The page of one lot: what it is, and the bidding room, live.

import { ApiError, get, sentence } from "./api.js";
import { atNextFrame, byId, element, fill, setText } from "./elements.js";
import { drawDetail } from "./detail.js";
import { drawFigures, drawTime, leaderText } from "./figures.js";
import { formatAmount } from "./money.js";
import { half, onLanguage, pick, say } from "./language.js";
import { beginPage, showStatus } from "./page.js";
import { phaseItems } from "./programme.js";
import { LiveConnection } from "./protocol.js";
import { EMPTY_ROOM, isClosed, reduce, withOlder } from "./reducer.js";
import { RoomControls } from "./room.js";
import { RulebookPanel } from "./rulebook.js";
import { SignUpPanel } from "./sign_up.js";
import { connectionText, momentText, priceText, stateBadge } from "./standing.js";
import { drawTimeline } from "./timeline.js";

const EARLIER = 200;
const ANNOUNCE_EVERY_MS = 1500;

const id = Number(location.pathname.split("/").at(-1));
const me = await beginPage();
let lot = null;
let room = EMPTY_ROOM;
let announcedAtMs = 0;
let drawnView = null;
const drawSoon = atNextFrame(drawRoom);
const elsewhere = new Set();
const connection = new LiveConnection({ onFrame: takeFrame, onState: drawConnection });
let controls = null;
let signUp = null;

await begin();

async function begin() {
  try {
    lot = await get(`/lots/${id}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const draw = () => showStatus(byId("failure"), sentence(error), { isBad: true });
    draw();
    onLanguage(draw);
    byId("loading").hidden = true;
    return;
  }
  room = { ...EMPTY_ROOM, view: lot.view, you: lot.my?.paddle ? { paddle: lot.my.paddle, limit: 0 } : null };
  byId("loading").hidden = true;
  byId("lot").hidden = false;
  controls = new RoomControls(connection);
  new RulebookPanel(lot);
  signUp = new SignUpPanel(byId("sign-up"), { lot, me, mine: lot.my, onAdmitted: admitted });
  byId("earlier").addEventListener("click", loadEarlier);
  onLanguage(drawAll);
  drawAll();
  connection.subscribe(id, "full");
  connection.connect();
  setInterval(tick, 100);
}

function admitted(paddle) {
  room = { ...room, you: { paddle, limit: 0 } };
  connection.subscribe(id, "full");
  drawRoom();
}

function takeFrame(frame) {
  if (frame.type === "outbid" && frame.lot !== id) {
    elsewhere.add(frame.lot);
    drawElsewhere();
  } else if (frame.lot === id) {
    advance(frame);
  }
}

function advance(frame) {
  const before = room;
  room = reduce(room, frame);
  if (room === before || !room.view) return;
  if (isClosed(room.view) !== isClosed(before.view)) signUp.draw(isClosed(room.view));
  drawSoon();
}

function drawAll() {
  drawAbout();
  signUp.draw(isClosed(room.view));
  drawRoom();
  controls.redraw();
  drawConnection();
  drawElsewhere();
}

function drawRoom() {
  drawFigures(room, connection.clock.nowUs());
  controls.draw(room);
  drawTags();
  drawPhases();
  drawDetail(byId("detail"), room.view);
  drawTimeline(byId("timeline"), { records: room.records, currency: lot.currency, paddle: room.you?.paddle ?? 0, by: staffName });
  byId("earlier").hidden = (room.records[0]?.sequence ?? 1) <= 1;
  if (drawnView) announce(drawnView);
  drawnView = room.view;
}

function drawConnection() {
  setText(byId("connection"), connectionText(connection));
  byId("connection").dataset.state = connection.state;
  if (controls && room.view) controls.draw(room);
}

function drawElsewhere() {
  byId("elsewhere").hidden = elsewhere.size === 0;
  fill(byId("elsewhere"), say("outbid_elsewhere"), [...elsewhere].map((other) => [" ", element("a", { href: `/lots/${other}` }, say("lot_number", { lot: other }))]).flat());
}

function tick() {
  drawTime(room, connection.clock.nowUs());
  setText(byId("connection"), connectionText(connection));
}

/** Tell a screen reader of a new price, seldom enough to be followed. */
function announce(before) {
  const nowMs = performance.now();
  const isNews = before.price !== room.view.price || before.state !== room.view.state;
  if (!isNews || nowMs - announcedAtMs < ANNOUNCE_EVERY_MS) return;
  announcedAtMs = nowMs;
  const state = say(`state_${room.view.state}`);
  setText(byId("announcement"), say("announcement", { state, price: priceText(room.view), leader: leaderText(room.view, room.you?.paddle ?? 0) }));
}

function drawTags() {
  const key = `${room.view.state}:${document.documentElement.lang}`;
  if (byId("tags").dataset.key === key) return;
  byId("tags").dataset.key = key;
  fill(byId("tags"), stateBadge(room.view), element("span", { class: "tag" }, say(`category_${lot.category}`)),
    lot.is_demo ? element("span", { class: "tag tag-demo" }, say("demo_lot")) : null);
}

function drawAbout() {
  document.title = `${pick(lot.title)} · ${say("brand")}`;
  setText(byId("title"), pick(lot.title));
  setText(byId("facts"), [lot.code, half(lot.region), pick(lot.seller)].filter(Boolean).join(" · "));
  setText(byId("description"), pick(lot.description));
  fill(byId("terms"), termRows().map(([key, value]) => element("div", {}, element("dt", {}, say(key)), element("dd", {}, value))));
}

function termRows() {
  const { terms, view } = lot;
  const money = (amount) => formatAmount(amount, lot.currency);
  return [
    ["opening_price", money(terms.opening_price)],
    ["deposit", lot.deposit ? money(lot.deposit) : say("none")],
    ...(lot.deposit_by_us ? [["deposit_by", momentText(lot.deposit_by_us)]] : []),
    ["opens_label", terms.opens_at_us ? momentText(terms.opens_at_us) : say("host_opens")],
    ["reserve", say(view.has_reserve ? "has_reserve" : "no_reserve")],
    ...(terms.bidders_min > 1 ? [["term_bidders_min", String(terms.bidders_min)]] : []),
    ...(terms.reserve_places ? [["term_reserve_places", String(terms.reserve_places)]] : []),
  ];
}

/** The phases are drawn anew only when another one runs, so that a reader keeps his place. */
function drawPhases() {
  const key = `${room.view.state}:${room.view.phase}:${document.documentElement.lang}`;
  if (byId("phases").dataset.key === key) return;
  byId("phases").dataset.key = key;
  fill(byId("phases"), phaseItems(lot.terms, room.view));
}

function staffName(staff, name) {
  if (name) return half(name);
  return me.account?.id === staff ? half(me.account.name) : say("the_host");
}

async function loadEarlier() {
  const first = room.records[0]?.sequence ?? 1;
  byId("earlier").disabled = true;
  try {
    const after = Math.max(0, first - 1 - EARLIER);
    const answer = await get(`/lots/${id}/records?after=${after}&limit=${EARLIER}`);
    room = withOlder(room, answer.records);
    drawRoom();
  } catch (error) {
    showStatus(byId("failure"), sentence(error), { isBad: true });
  }
  byId("earlier").disabled = false;
}
