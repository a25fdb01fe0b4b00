// What is left of one's own orders in an order book, as far as the records at hand tell.

import type { Room } from "../client";

const SHOWN_MAX = 20;

export interface OwnOrder {
  order: number;
  side: "buy" | "sell";
  quantity: number;
  price: number;
}

/** The orders of the room's own paddle that are still open, oldest first. */
export function ownOrders(room: Room): OwnOrder[] {
  const open = new Map<number, OwnOrder>();
  for (const { event } of room.records) {
    switch (event.type) {
      case "OrderPlaced":
        if (event.paddle === room.you?.paddle) open.set(event.order, { order: event.order, side: event.side, quantity: event.quantity, price: event.price });
        break;
      case "OrderReplaced": {
        const held = open.get(event.order);
        if (held) open.set(event.order, { ...held, quantity: event.quantity, price: event.price });
        break;
      }
      case "OrderCancelled":
        open.delete(event.order);
        break;
      case "OrdersMatched":
        for (const order of [event.buy, event.sell]) takeFrom(open, order, event.quantity);
        break;
    }
  }
  return [...open.values()].slice(-SHOWN_MAX);
}

function takeFrom(open: Map<number, OwnOrder>, order: number, quantity: number): void {
  const held = open.get(order);
  if (!held) return;
  if (held.quantity > quantity) open.set(order, { ...held, quantity: held.quantity - quantity });
  else open.delete(order);
}
