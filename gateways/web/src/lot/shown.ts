// What is shown of one lot: the newest state at once, in which nothing is lost, and the drawn one, which follows at a pace.
// Belongs here: which changes are shown at once. Does not belong here: when the others are (`pace`).

import { shallowRef, type ShallowRef } from "vue";
import { EMPTY_ROOM, reduce, type Room } from "../client";
import type { LotView, ServerFrame } from "../schema";
import { happening } from "./happenings";
import { EVERYDAY, pace } from "./pace";
import type { Signal } from "./signals";

/** What a change is about; bids of others move the price, and everything else is rarer and more urgent. */
export type Subject = Signal | "stage" | "place" | typeof EVERYDAY;

/** What is most urgent about the change from one state to the next. */
export function subjectOf(before: Room, after: Room): Subject {
  const happened = happening(before, after);
  if (happened) return happened;
  if (stageOf(before.view) !== stageOf(after.view)) return "stage";
  return before.you !== after.you || (before.outbid === null) !== (after.outbid === null) ? "place" : EVERYDAY;
}

/** Where a lot stands in its procedure, whatever is bid there. */
function stageOf(view: LotView | null): string {
  if (view === null) return "";
  const { state, phase, format, ends_at_us: endsAtUs, accepts, detail } = view;
  const round = detail?.kind === "rounds" ? [detail.number, detail.price, detail.is_pause, detail.turn] : [];
  return [state, phase, format, endsAtUs, accepts, round].join(" ");
}

/** What the page knows of one lot, and what of it is drawn. */
export class RoomModel {
  readonly shown: ShallowRef<Room>;

  /** `latest` is the newest state, which may be ahead of the one that is drawn by `SHOWN_EVERY_MS`. */
  constructor(public latest: Room = EMPTY_ROOM) {
    this.shown = shallowRef(latest);
  }

  /** Take a frame over. */
  take(frame: ServerFrame): void {
    this.set(reduce(this.latest, frame));
  }

  /** Replace the whole. */
  set(room: Room): void {
    if (room === this.latest) return;
    const subject = subjectOf(this.latest, room);
    this.latest = room;
    // Prices of many lots share one pace; what is urgent in one lot does not wait for another's.
    pace.tell(subject === EVERYDAY ? subject : `${room.view?.lot ?? 0} ${subject}`, this.draw);
  }

  private readonly draw = () => {
    this.shown.value = this.latest;
  };
}
