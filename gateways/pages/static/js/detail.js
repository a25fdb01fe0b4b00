// What a phase shows beyond leader, price and deadline, in a line or a few.

import { element, fill } from "./elements.js";
import { formatAmount } from "./money.js";
import { say } from "./language.js";

/** Draw the running format and its particulars into a node. */
export function drawDetail(node, view) {
  const lines = detailLines(view);
  fill(node, element("strong", {}, say(`format_${view.format}`)), lines.map((line) => element("span", { class: "line" }, line)));
}

/** The particulars of a phase as sentences. */
export function detailLines(view) {
  const detail = view.detail;
  const money = (amount) => formatAmount(amount, view.currency);
  switch (detail?.kind) {
    case "asked": return [say(`question_${detail.question}`), say("detail_accepted", { n: detail.accepted })];
    case "rounds": return [say(detail.is_pause ? "detail_pause" : "detail_round", { number: detail.number }),
      detail.price ? say("detail_called_at", { price: money(detail.price) }) : "", detail.turn ? say("detail_turn", { paddle: detail.turn }) : ""].filter(Boolean);
    case "dimension": return [say("detail_dimension", { price: money(detail.price), unit: detail.unit })];
    case "offers": return [detail.offers >= 0 ? say("detail_offers", { n: detail.offers }) : say("detail_offers_hidden"), ...detail.ranking.slice(0, 5).map((place, index) => say("detail_place", { number: index + 1, paddle: place.paddle, amount: money(place.amount) }))];
    case "drawing": return [say("detail_drawing", { n: detail.entrants.length }), say("detail_seeds", { committed: detail.committed, revealed: detail.revealed })];
    case "supply": return [say("detail_supply", { supply: detail.supply, unit: detail.unit }), detail.hint ? say("detail_hint", { price: money(detail.hint) }) : ""].filter(Boolean);
    case "depth": return depthLines(detail, money);
    case "items": return detail.items.map(([item, paddle, price]) => say("detail_item", { item, price: money(price), leader: paddle ? say("paddle_number", { paddle }) : "—" }));
    default: return [];
  }
}

function depthLines(detail, money) {
  const level = (side) => ([price, quantity]) => say(`detail_level_${side}`, { price: money(price), quantity });
  const last = detail.last_price ? [say("detail_last", { price: money(detail.last_price), volume: detail.volume })] : [];
  return [...last, ...[...detail.sells].reverse().map(level("sell")), ...detail.buys.map(level("buy"))];
}
