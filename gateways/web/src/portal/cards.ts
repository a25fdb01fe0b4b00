// The cards of lots that the server has written, kept at the present: state, price, and the time that is left.

import { isClosed, LiveConnection, type ConnectionState } from "../client";
import { figuresOf } from "../lot/figures";
import { bidsText, countdown, shownPrice } from "../lot/standing";
import type { LotView, ServerFrame } from "../schema";
import { say } from "../texts/language";
import { centreMoment } from "../texts/moments";

const TICK_MS = 1000;
const NOBODY = 0;

/** Follow the lots whose cards are in a part of the page, as many as the server allows, those first that stand first. */
export function keepLive(root: ParentNode): void {
  const cards = [...root.querySelectorAll<HTMLElement>("[data-lot]")].filter(({ dataset }) => !isClosed({ state: dataset["state"] } as LotView));
  if (cards.length === 0) return;
  const views = new Map<number, LotView>();
  const connection = new LiveConnection({
    onFrame: (frame: ServerFrame) => {
      if (frame.type === "hello") {
        for (const card of cards.slice(0, frame.limits.subscriptions_max)) connection.subscribe(lotOf(card), "state");
      }
      if (frame.type !== "state" && frame.type !== "snapshot") return;
      views.set(frame.lot, frame.state);
      for (const card of cards) if (lotOf(card) === frame.lot) draw(card, frame.state, connection.clock.nowUs());
    },
    onState: tell,
  });
  connection.connect();
  setInterval(() => {
    if (document.hidden) return;
    const nowUs = connection.clock.nowUs();
    for (const card of cards) drawCountdown(card, views.get(lotOf(card)), nowUs);
  }, TICK_MS);
}

/** Say that the prices stand still, for as long as they do. */
function tell(state: ConnectionState): void {
  const said = document.getElementById("standing-still");
  if (state !== "recovering") said?.remove();
  else if (!said) {
    const strip = Object.assign(document.createElement("p"), { id: "standing-still", className: "strip strip-bad", textContent: say("standing_still") });
    strip.setAttribute("role", "status");
    document.getElementById("main")?.before(strip);
  }
}

function lotOf(card: HTMLElement): number {
  return Number(card.dataset["lot"]);
}

function draw(card: HTMLElement, view: LotView, nowUs: number | null): void {
  card.dataset["state"] = view.state;
  const badge = write(card, "state", say(`state_${view.state}`));
  if (badge) badge.className = `badge badge-${view.state}`;
  const price = shownPrice(view);
  write(card, "price-label", say(price.label));
  write(card, "price", price.text); // the unit of a price stands beside it already
  drawAsking(card, view);
  write(card, "bids", bidsText(view).join(" · "));
  const { label, text } = countdown(view, null);
  write(card, "clock-label", say(label));
  const atUs = momentOf(view);
  write(card, "moment", atUs ? `${centreMoment(atUs, "minute")} ${say("centre_zone")}` : text);
  drawCountdown(card, view, nowUs);
}

function drawAsking(card: HTMLElement, view: LotView): void {
  const asking = figuresOf(view, NOBODY).find(({ id }) => id === "asking");
  card.querySelector('[data-live="asked"]')?.toggleAttribute("hidden", !asking);
  write(card, "asking-label", asking?.label ?? "");
  write(card, "asking", asking?.text ?? "");
}

function drawCountdown(card: HTMLElement, view: LotView | undefined, nowUs: number | null): void {
  if (!view) return;
  const isCounting = nowUs !== null && momentOf(view) > 0;
  const left = countdown(view, nowUs);
  const place = write(card, "countdown", isCounting ? left.text : "");
  place?.classList.toggle("urgent", isCounting && left.isUrgent);
}

function momentOf(view: LotView): number {
  if (view.state === "announced") return view.opens_at_us;
  if (view.state === "open") return view.ends_at_us;
  return view.state === "frozen" ? view.resumes_at_us : 0;
}

function write(card: HTMLElement, what: string, text: string): HTMLElement | null {
  const place = card.querySelector<HTMLElement>(`[data-live="${what}"]`);
  if (place && place.textContent !== text) place.textContent = text;
  return place;
}
