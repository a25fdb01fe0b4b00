// What a phase shows beyond leader, price and deadline, in a line or a few.

import { formatAmount, isClosed } from "../client";
import { unitName, units } from "../room/measure";
import type { Depth, LotView } from "../schema";
import { language, say } from "../texts/language";

const PLACES_SHOWN = 5;
/** What only means something while the phase runs. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(["asked", "rounds"]);

/** The particulars of a lot's running phase as sentences, of one that has ended what of them stays true. */
export function detailLines(view: LotView): string[] {
  const { detail } = view;
  const money = (amount: number) => formatAmount(amount, view.currency);
  if (detail === null || (isClosed(view) && OF_THE_MOMENT.has(detail.kind))) return [];
  switch (detail.kind) {
    case "asked":
      return [
        say(view.format === "draw" ? "question_draw" : `question_${detail.question}`),
        ...(detail.question === "match" && detail.paddles.length ? [say("detail_asked", { paddles: detail.paddles.map((paddle) => say("paddle_number", { paddle })).join(language() === "zh" ? "、" : ", ") })] : []),
        say("detail_accepted", { n: detail.accepted }),
      ];
    case "rounds":
      return [
        say(detail.is_pause ? (detail.number ? "detail_pause" : "detail_entry") : "detail_round", { number: detail.number }),
        ...(detail.price ? [say(view.format === "turns" ? "detail_to_better" : "detail_called_at", { price: money(detail.price) })] : []),
        ...(detail.turn ? [say("detail_turn", { paddle: detail.turn })] : []),
      ];
    case "dimension":
      return [
        say("detail_dimension", { price: money(detail.price), unit: unitName(detail.unit) }),
        ...(detail.cap ? [say("detail_dimension_cap", { cap: units(detail.unit).text(detail.cap) })] : []),
      ];
    case "offers":
      return [
        detail.offers >= 0 ? say("detail_offers", { n: detail.offers }) : say("detail_offers_hidden"),
        ...detail.ranking.slice(0, PLACES_SHOWN).map((place, index) => say("detail_place", { number: index + 1, paddle: place.paddle, amount: money(place.amount) })),
      ];
    case "drawing":
      return [say("detail_drawing", { n: detail.entrants.length }), say("detail_seeds", { committed: detail.committed, revealed: detail.revealed })];
    case "supply":
      return [say("detail_supply", { supply: detail.supply.toLocaleString("en"), unit: unitName(detail.unit) }), ...(detail.hint ? [say("detail_hint", { price: money(detail.hint) })] : [])];
    case "depth":
      return isClosed(view) ? [] : depthLines(detail, money);
    case "items":
      return detail.items.map((standing) => itemText(standing, money));
  }
}

/** Where one of several items stands: who leads on it, or in a clock how many of it are wanted. */
export function itemText([item, paddle, price, demand = 0]: readonly [number, number, number, number?], money: (amount: number) => string): string {
  if (demand) return say("detail_item_wanted", { item, price: money(price), n: demand });
  return say("detail_item", { item, price: money(price), leader: paddle ? say("paddle_number", { paddle }) : "—" });
}

function depthLines(detail: Depth, money: (amount: number) => string): string[] {
  const last = detail.last_price ? [say("detail_last", { price: money(detail.last_price), volume: units("").text(detail.volume) })] : [];
  const would = detail.indication
    ? [say(surplusKey(detail.indication.surplus), { price: money(detail.indication.price), quantity: units("").text(detail.indication.quantity), surplus: units("").text(Math.abs(detail.indication.surplus)) })]
    : [];
  return [...would, ...last];
}

function surplusKey(surplus: number): "detail_would_meet" | "detail_would_leave_buyers" | "detail_would_leave_sellers" {
  if (!surplus) return "detail_would_meet";
  return surplus > 0 ? "detail_would_leave_buyers" : "detail_would_leave_sellers";
}
