// The catalogue: finding lots, and their prices and countdowns as they move.

import { get, sentence } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { formatAmount } from "./money.js";
import { half, onLanguage, pick, say } from "./language.js";
import { beginPage, showStatus } from "./page.js";
import { LiveConnection } from "./protocol.js";
import { isClosed } from "./reducer.js";
import { connectionText, countdown, priceText, shownPrice, stateBadge } from "./standing.js";

const PAGE = 60;
const STATES = ["announced", "open", "frozen", "knocked_down", "sold", "passed", "withdrawn"];
const CATEGORIES = ["land", "mining", "forest", "rural", "equity", "vehicle", "confiscated", "emission", "property", "other"];
const TYPING_PAUSE_MS = 250;

const shown = new Map();
let total = 0;
let asked = 0;
const connection = new LiveConnection({ onFrame: takeFrame, onState: showConnection });

await beginPage();
readAddress();
drawFilters();
onLanguage(() => {
  drawFilters();
  drawCards();
});
byId("filters").addEventListener("submit", (submitted) => submitted.preventDefault());
byId("state").addEventListener("change", search);
byId("category").addEventListener("change", search);
byId("search").addEventListener("input", afterPause(search));
byId("more").addEventListener("click", () => load({ isMore: true }));
addEventListener("popstate", () => {
  readAddress();
  load();
});
setInterval(tick, 250);
connection.connect();
await load();

function search() {
  history.replaceState(null, "", addressOf(filters()));
  load();
}

function filters() {
  return { q: byId("search").value.trim(), state: byId("state").value, category: byId("category").value };
}

function addressOf(wanted) {
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  return query.size ? `/?${query}` : "/";
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  byId("search").value = query.get("q") ?? "";
  byId("state").dataset.wanted = query.get("state") ?? "";
  byId("category").dataset.wanted = query.get("category") ?? "";
}

function drawFilters() {
  drawOptions(byId("state"), STATES.map((state) => [state, say(`state_${state}`)]));
  drawOptions(byId("category"), CATEGORIES.map((category) => [category, say(`category_${category}`)]));
}

function drawOptions(select, options) {
  const wanted = select.dataset.wanted ?? select.value;
  delete select.dataset.wanted;
  fill(select, element("option", { value: "" }, say("all")), options.map(([value, text]) => element("option", { value }, text)));
  select.value = wanted;
}

async function load({ isMore = false } = {}) {
  const ticket = (asked += 1);
  byId("cards").setAttribute("aria-busy", "true");
  if (shown.size === 0) showStatus(byId("empty"), say("loading"));
  const query = new URLSearchParams({ ...filters(), limit: PAGE, offset: isMore ? shown.size : 0 });
  for (const key of ["q", "state", "category"]) if (!query.get(key)) query.delete(key);
  try {
    const answer = await get(`/lots?${query}`);
    if (ticket === asked) showAnswer(answer, isMore);
  } catch (error) {
    if (ticket === asked) showStatus(byId("empty"), sentence(error), { isBad: true });
  }
  byId("cards").setAttribute("aria-busy", "false");
}

function showAnswer(answer, isMore) {
  total = answer.total;
  if (!isMore) {
    const wanted = new Set(answer.lots.map((card) => card.lot));
    for (const lot of shown.keys()) if (!wanted.has(lot)) connection.unsubscribe(lot);
    shown.clear();
  }
  for (const card of answer.lots) shown.set(card.lot, { card, view: card.view, nodes: null });
  drawCards();
  follow();
}

/** Follow the lots under way, as many as the server allows. */
function follow() {
  const most = connection.hello?.limits.subscriptions_max ?? 0;
  const living = [...shown.values()].filter(({ view }) => !isClosed(view)).slice(0, most);
  for (const { card } of living) connection.subscribe(card.lot, "state");
}

function takeFrame(frame) {
  if (frame.type === "hello" && shown.size > 0) follow();
  const entry = shown.get(frame.lot);
  if (!entry || !frame.state) return;
  entry.view = frame.state;
  drawLive(entry);
}

function showConnection() {
  setText(byId("connection"), connectionText(connection));
  byId("connection").dataset.state = connection.state;
}

function drawCards() {
  for (const entry of shown.values()) entry.nodes = cardNodes(entry.card);
  fill(byId("cards"), [...shown.values()].map((entry) => entry.nodes.root));
  shown.forEach(drawLive);
  setText(byId("summary"), shown.size ? say("lots_found", { shown: shown.size, total }) : "");
  showStatus(byId("empty"), shown.size ? "" : say("no_lots"));
  byId("more").hidden = shown.size >= total;
  showConnection();
}

function cardNodes(card) {
  const nodes = { state: element("span"), label: element("dt"), price: element("dd", { class: "card-price" }),
    countdownLabel: element("dt"), countdown: element("dd"), bids: element("span") };
  const deposit = card.deposit ? say("deposit_of", { amount: formatAmount(card.deposit, card.currency) }) : say("no_deposit");
  nodes.root = element("li", { class: "card", "data-lot": card.lot },
    element("p", { class: "tags" }, nodes.state, element("span", { class: "tag" }, say(`category_${card.category}`)),
      card.is_demo ? element("span", { class: "tag tag-demo" }, say("demo")) : null),
    element("h2", {}, element("a", { href: `/lots/${card.lot}` }, pick(card.title))),
    element("p", { class: "quiet small" }, [card.code, half(card.region), pick(card.seller)].filter(Boolean).join(" · ")),
    element("dl", { class: "card-figures" }, element("div", {}, nodes.label, nodes.price), element("div", {}, nodes.countdownLabel, nodes.countdown)),
    element("p", { class: "quiet small card-foot" }, nodes.bids, element("span", {}, deposit)));
  return nodes;
}

function drawLive({ view, nodes }) {
  fill(nodes.state, stateBadge(view));
  setText(nodes.label, say(shownPrice(view).label));
  setText(nodes.price, priceText(view));
  setText(nodes.bids, say("n_bids", { n: view.bids }));
  drawCountdown({ view, nodes });
}

function drawCountdown({ view, nodes }) {
  const { label, text, isUrgent } = countdown(view, connection.clock.nowUs());
  setText(nodes.countdownLabel, say(label));
  setText(nodes.countdown, text);
  nodes.countdown.classList.toggle("urgent", isUrgent);
}

function tick() {
  shown.forEach(drawCountdown);
  showConnection();
}

function afterPause(work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, TYPING_PAUSE_MS);
  };
}

