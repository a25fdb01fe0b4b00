// Every way to act besides a plain bid: answers, hidden offers, orders, bids on items. Shown as the lot accepts them.

import { byId, element, fill } from "./elements.js";
import { formatAmount, parseAmount } from "./money.js";
import { say } from "./language.js";
import { isClosed } from "./reducer.js";

const WORDS = ["accept", "decline", "waive"];
const OWN_ORDERS_MAX = 20;

/** The forms for one lot; `give(command, what)` sends a command and shows what became of it. */
export class OtherActs {
  #give;
  #room = null;
  #drawn = "";
  #node = byId("acts");

  constructor(give) {
    this.#give = give;
  }

  /** Draw what the lot accepts now; a form that somebody is filling in is left alone. */
  draw(room) {
    this.#room = room;
    const accepts = room.you?.paddle && !isClosed(room.view) ? room.view.accepts ?? [] : [];
    const orders = accepts.includes("order") ? ownOrders(room) : [];
    const key = JSON.stringify([document.documentElement.lang, accepts, room.view.detail?.question, room.you?.lines, orders]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    fill(this.#node,
      accepts.includes("declare") ? this.#answers() : null,
      accepts.includes("offer") ? this.#offerForm() : null,
      accepts.includes("seal") ? element("p", { class: "hint" }, say("act_seal_hint")) : null,
      accepts.includes("take_back") && room.you?.lines?.length ? this.#takeBack() : null,
      accepts.includes("order") ? [this.#orderForm(), ...orders.map((order) => this.#ownOrder(order))] : null,
      accepts.includes("bid_on_items") ? this.#itemForm() : null);
  }

  #answers() {
    const question = this.#room.view.detail?.question;
    return element("div", { class: "steps", "data-act": "declare" },
      question ? element("p", { class: "hint" }, say(`question_${question}`)) : null,
      WORDS.map((word) => element("button", { type: "button", "data-word": word, on: { click: () => this.#send({ type: "declare", word }, () => say(`word_${word}`)) } }, say(`word_${word}`))));
  }

  #offerForm() {
    const standing = this.#room.you?.lines ?? [];
    const hint = standing.length ? say("act_offer_stands", { lines: standing.map((line) => this.#lineText(line)).join(" + ") }) : say("act_offer_hint");
    return this.#form("offer", "act_offer", [["price", "price"], ["quantity", "quantity"]], hint, (values) => {
      const price = this.#amount(values.price);
      const quantity = whole(values.quantity || "1");
      if (price && quantity) this.#send({ type: "offer", lines: [[price, quantity]] }, () => say("act_offer_of", { line: this.#lineText([price, quantity]) }));
    });
  }

  #takeBack() {
    return element("p", {}, element("button", { type: "button", "data-act": "take_back", on: { click: () => this.#send({ type: "take_back" }, () => say("act_take_back")) } }, say("act_take_back")));
  }

  #orderForm() {
    const side = (name) => element("button", { type: "submit", value: name, "data-side": name }, say(`side_${name}`));
    return this.#form("order", "act_order", [["quantity", "quantity"], ["price", "act_order_price"]], say("act_order_hint"), (values, submitter) => {
      const quantity = whole(values.quantity);
      const price = values.price.trim() ? this.#amount(values.price) : 0;
      const chosen = submitter?.value || "buy";
      if (quantity && price !== null) this.#send({ type: "order", side: chosen, quantity, price }, () => say("act_order_of", { side: say(`side_${chosen}`), quantity, price: price ? this.#money(price) : say("at_market") }));
    }, [side("buy"), side("sell")]);
  }

  #ownOrder(order) {
    const text = say("act_order_of", { side: say(`side_${order.side}`), quantity: order.quantity, price: order.price ? this.#money(order.price) : say("at_market") });
    return element("p", { class: "mine" }, `#${order.order} ${text} `,
      element("button", { type: "button", on: { click: () => this.#send({ type: "cancel_order", order: order.order }, () => say("act_cancel", { order: order.order })) } }, say("act_cancel", { order: order.order })));
  }

  #itemForm() {
    return this.#form("item_bids", "act_items", [["item", "item"], ["price", "price"]], say("act_items_hint"), (values) => {
      const item = whole(values.item);
      const price = this.#amount(values.price);
      if (item && price) this.#send({ type: "item_bids", bids: [[item, price]] }, () => say("act_items_of", { item, amount: this.#money(price) }));
    });
  }

  #form(kind, title, fields, hint, act, buttons = [element("button", { type: "submit" }, say(title))]) {
    const inputs = fields.map(([name, label]) => element("label", {}, say(label), element("input", { name, inputmode: "decimal", autocomplete: "off", maxlength: 40 })));
    return element("form", { class: "amount-form", "data-act": kind, novalidate: true, on: { submit: (submitted) => {
      submitted.preventDefault();
      act(Object.fromEntries(new FormData(submitted.target)), submitted.submitter);
    } } }, element("strong", {}, say(title)), inputs, element("p", { class: "quiet small" }, hint), element("div", { class: "steps" }, buttons));
  }

  #amount(typed) {
    return parseAmount(typed, this.#room.view.currency).amount ?? null;
  }

  #money(amount) {
    return formatAmount(amount, this.#room.view.currency);
  }

  #lineText([price, quantity]) {
    return quantity > 1 ? `${this.#money(price)} × ${quantity}` : this.#money(price);
  }

  #send(command, what) {
    this.#give({ lot: this.#room.view.lot, ...command }, what);
  }
}

/** What is left of one's own orders, as far as the records at hand tell. */
export function ownOrders(room) {
  const open = new Map();
  for (const { event } of room.records) {
    if (event.type === "OrderPlaced" && event.paddle === room.you?.paddle) open.set(event.order, { order: event.order, side: event.side, quantity: event.quantity, price: event.price ?? 0 });
    if (event.type === "OrderReplaced" && open.has(event.order)) Object.assign(open.get(event.order), { quantity: event.quantity, price: event.price });
    if (event.type === "OrderCancelled") open.delete(event.order);
    if (event.type === "OrdersMatched") [event.buy, event.sell].forEach((order) => fillOrder(open, order, event.quantity));
  }
  return [...open.values()].slice(-OWN_ORDERS_MAX);
}

function fillOrder(open, order, quantity) {
  const held = open.get(order);
  if (!held) return;
  held.quantity -= quantity;
  if (held.quantity <= 0) open.delete(order);
}

function whole(typed) {
  const text = typed.normalize("NFKC").trim();
  return /^\d{1,12}$/.test(text) && Number(text) > 0 ? Number(text) : null;
}
