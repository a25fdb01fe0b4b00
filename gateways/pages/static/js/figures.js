// The figures of a lot that the bidding room and the host's console share: price, leader, countdown, banner.

import { banner } from "./banner.js";
import { byId, setText } from "./elements.js";
import { formatAmount } from "./money.js";
import { say } from "./language.js";
import { isClosed } from "./reducer.js";
import { countdown, priceText, shownPrice } from "./standing.js";

/** Draw everything that changes with the lot's state. */
export function drawFigures(room, nowUs) {
  const { view, you } = room;
  setText(byId("price-label"), say(shownPrice(view).label));
  setText(byId("price"), priceText(view));
  setText(byId("leader"), leaderText(view, you?.paddle ?? 0));
  setText(byId("asking"), isClosed(view) || !view.asking_price ? "—" : formatAmount(view.asking_price, view.currency));
  setText(byId("numbers"), numbersText(view));
  drawTime(room, nowUs);
}

/** Draw what changes with time alone. */
export function drawTime(room, nowUs) {
  const { label, text, isUrgent } = countdown(room.view, nowUs);
  setText(byId("countdown-label"), say(label));
  setText(byId("countdown"), text);
  byId("countdown").classList.toggle("urgent", isUrgent);
  drawBanner(banner(room, nowUs));
}

/** Who leads, or has won, as a paddle; "you" where it is one's own. */
export function leaderText(view, paddle) {
  const leader = view.winner || (isClosed(view) ? 0 : view.leader);
  if (!leader) return "—";
  const name = say("paddle_number", { paddle: leader });
  return leader === paddle ? `${name} ${say("you_in_brackets")}` : name;
}

function drawBanner(news) {
  const node = byId("banner");
  node.dataset.kind = news?.kind ?? "";
  setText(node, news?.text ?? "");
}

function numbersText(view) {
  const parts = [say("n_bids", { n: view.bids }), say("n_bidders", { n: view.bidders })];
  if (view.extensions) parts.push(say("n_extensions", { n: view.extensions }));
  if (view.has_reserve) parts.push(say(view.is_reserve_met ? "reserve_met" : "reserve_not_met"));
  return parts.join(" · ");
}
