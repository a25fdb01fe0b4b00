// The course of a lot: its records as sentences, latest first, with one's own bids marked.

import { element } from "./elements.js";
import { formatAmount } from "./money.js";
import { say } from "./language.js";
import { momentText } from "./standing.js";

/** Withheld facts have nothing to show, and a max bid is nobody else's business, whatever the reader may be allowed. */
const HIDDEN = new Set(["Withheld", "MaxBidLeft", "OfferSubmitted", "OfferSealed", "OfferTakenBack", "ScoresEntered", "ItemsBid"]);

const ITEMS_TOLD = 6;

/** Draw records; `by` names the staff behind an id, `isOnlyActs` leaves the bids out. */
export function drawTimeline(list, { records, currency, paddle = 0, by = (id) => say("staff_number", { id }), isOnlyActs = false }) {
  const shown = records.filter(({ event }) => !HIDDEN.has(event.type) && !(isOnlyActs && event.type === "BidPlaced"));
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = shown.reverse().map((record) => {
    const isMine = paddle > 0 && record.event.paddle === paddle;
    const key = [document.documentElement.lang, record.sequence, isMine, Boolean(record.link)].join(":");
    return known.get(key) ?? row(record, key, { currency, isMine, by });
  });
  if (nodes.length === 0) nodes.push(element("li", { class: "quiet" }, say("no_records")));
  list.replaceChildren(...nodes);
}

function row(record, key, { currency, isMine, by }) {
  const isBid = record.event.type === "BidPlaced";
  const classes = [isBid ? "entry-bid" : "entry-act", isMine ? "entry-mine" : ""].filter(Boolean).join(" ");
  return element("li", { class: `entry ${classes}`, "data-key": key, "data-event": record.event.type },
    element("span", { class: "entry-sequence", title: record.link ?? null }, `#${record.sequence}`),
    element("time", { datetime: new Date(record.at_us / 1000).toISOString(), title: momentText(record.at_us) }, momentText(record.at_us, { isShort: true })),
    isBid ? bidCells(record.event, currency, isMine) : element("span", { class: "entry-text" }, eventText(record, currency, by)));
}

function bidCells(bid, currency, isMine) {
  const name = say("paddle_number", { paddle: bid.paddle });
  return [
    element("span", { class: "entry-text" }, isMine ? `${name} ${say("you_in_brackets")}` : name,
      bid.is_proxy ? element("span", { class: "entry-proxy" }, ` ${say("by_proxy")}`) : null),
    element("span", { class: "entry-amount" }, formatAmount(bid.amount, currency)),
  ];
}

/** An end of today by its time alone, any other with its date. */
function endText(atUs) {
  const isToday = new Date(atUs / 1000).toDateString() === new Date().toDateString();
  return momentText(atUs, { isShort: isToday });
}

function eventText({ event, by_name: name }, currency, by) {
  const who = event.by === undefined ? "" : event.by === 0 ? say("the_clock") : by(event.by, name);
  const money = (amount) => formatAmount(amount, currency);
  const end = event.ends_at_us ? say("new_end", { moment: endText(event.ends_at_us) }) : "";
  switch (event.type) {
    case "BidderAdmitted": return say("event_BidderAdmitted", { paddle: event.paddle, bidder: event.bidder });
    case "ReserveSet": return say("event_ReserveSet", { amount: money(event.amount) });
    case "PhaseBegan": return say("event_PhaseBegan", { index: event.index + 1, end });
    case "LotExtended": return say("event_LotExtended", { n: event.extension, end });
    case "LotFrozen": return say(`event_LotFrozen_${event.cause}`, { who, reason: event.reason });
    case "LotPassed": return say("event_LotPassed", { who, reason: say(`passed_${event.reason}`) });
    case "LotSold": return say("event_LotSold", { who, paddle: event.paddle, amount: money(event.price) });
    case "LotKnockedDown": return say("event_LotKnockedDown", { who, paddle: event.paddle, amount: money(event.price) });
    case "WinnerDefaulted": return say("event_WinnerDefaulted", { who, paddle: event.paddle, reason: event.reason });
    case "LotAwarded": return say("event_LotAwarded", { who, n: event.awards.length });
    default: return phaseEventText(event, { who, end, money });
  }
}

/** What the phases of the various formats tell. */
function phaseEventText(event, { who, end, money }) {
  const price = event.price ? money(event.price) : say("at_market");
  switch (event.type) {
    case "CapReached": return say("event_CapReached", { amount: price });
    case "RoundBegan": return say(event.is_pause ? "event_RoundPaused" : "event_RoundBegan", { n: event.number, end, price: event.price ? ` ${price}` : "" });
    case "RoundClosed": return roundText(event, money);
    case "Declared": return say("event_Declared", { paddle: event.paddle, word: say(`word_${event.word}`) });
    case "OffersRevealed": return say("event_OffersRevealed", { who, n: event.offers.length });
    case "OffersRanked": return event.places.length ? say("event_OffersRanked", { paddle: event.places[0].paddle }) : say("event_OffersRanked_none");
    case "HintPublished": return say("event_HintPublished", { n: event.offers, amount: money(event.price) });
    case "EntrantsFixed": return say("event_EntrantsFixed", { n: event.entrants.length });
    case "EntrantsDrawn": return say("event_EntrantsDrawn", { paddle: event.order[0] });
    case "OrderPlaced": return say("event_OrderPlaced", { paddle: event.paddle, side: say(`side_${event.side}`), quantity: event.quantity, price });
    case "OrdersMatched": case "OrderCancelled": case "OrderReplaced": case "BookUncrossed":
      return say(`event_${event.type}`, { order: event.order, quantity: event.quantity, price });
    default: return say(`event_${event.type}`, { who, end, reason: event.reason, n: event.warning });
  }
}

/** A closed round with where its items stand; with many of them, the page's detail tells that better. */
function roundText({ number, items }, money) {
  if (items.length === 0 || items.length > ITEMS_TOLD) return say("event_RoundClosed", { n: number });
  const told = items.map(([item, paddle, price]) => say("detail_item", { item, price: money(price), leader: paddle ? say("paddle_number", { paddle }) : "—" }));
  return say("event_RoundClosed_items", { n: number, items: told.join(" · ") });
}
