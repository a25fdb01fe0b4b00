// What a page knows of one lot, as a pure function of the frames that came: reduce(room, frame) -> room.

import type { BidderOnline, LotView, PublicRecord, ServerFrame, You } from "../schema";

export const RECORDS_MAX = 500;
/** As many are kept where somebody has read earlier ones; the older go as new ones come. */
export const RECORDS_READ_MAX = 2_000;
const CLOSED: ReadonlySet<LotView["state"]> = new Set(["knocked_down", "sold", "passed", "withdrawn"]);

/** Who is there, as hosts are told; `online` names bidders to who follows the lot in full. */
export interface Presence {
  bidders: number;
  watchers: number;
  online: readonly BidderOnline[];
}

/** That one no longer leads, and at what one would again. */
export interface OutbidNotice {
  price: number;
  asking: number;
}

export interface Room {
  view: LotView | null;
  epoch: string;
  /** Sequence of the last record that `view` takes into account. */
  offset: number;
  /** The latest records, oldest first, at most `RECORDS_MAX` as they come in, and more where earlier ones were read. */
  records: readonly PublicRecord[];
  you: You | null;
  outbid: OutbidNotice | null;
  presence: Presence | null;
}

export const EMPTY_ROOM: Room = Object.freeze({
  view: null, epoch: "", offset: 0, records: [], you: null, outbid: null, presence: null,
});

/** The place of a bidder who has left nothing in secret, but for his paddle. */
export const NOTHING_OF_ONES_OWN: Readonly<Omit<You, "paddle">> = Object.freeze({ limit: 0, rank: 0, lines: [], handle: "", item_bids: [], held: [] });

/** Tell whether nobody can bid in a lot any more. */
export function isClosed(view: LotView): boolean {
  return CLOSED.has(view.state);
}

/** Tell whether the subscriber leads an unfinished lot or has won it. */
export function isMine(room: Room): boolean {
  const paddle = room.you?.paddle ?? 0;
  if (paddle === 0 || room.view === null) return false;
  return (isClosed(room.view) ? room.view.winner : room.view.leader) === paddle;
}

/** Take a frame over and return the room after it; frames of other kinds leave it as it is. */
export function reduce(room: Room, frame: ServerFrame): Room {
  switch (frame.type) {
    case "snapshot": {
      const isContinued = frame.is_recovered && room.epoch === frame.epoch;
      const records = isContinued ? joined(room.records, frame.records) : frame.records;
      return withView({ ...room, epoch: frame.epoch, offset: frame.offset, records, you: frame.you }, frame.state);
    }
    case "events":
    case "state":
      return withView({ ...room, offset: frame.offset, records: joined(room.records, frame.records), you: yoursAfter(room, frame.records) }, frame.state);
    case "outbid": {
      const leads = room.view !== null && isMine(room) && room.view.price > frame.price;
      return leads ? room : { ...room, outbid: { price: frame.price, asking: frame.asking_price } };
    }
    case "presence":
      return { ...room, presence: { bidders: frame.bidders_online, watchers: frame.watchers, online: frame.online ?? [] } };
    case "you":
      return { ...room, you: { paddle: frame.paddle, limit: frame.limit, rank: frame.rank, lines: frame.lines, handle: frame.handle, item_bids: frame.item_bids, held: frame.held } };
    default:
      return room;
  }
}

/** The bids among records, latest first. */
export function bidsOf(records: readonly PublicRecord[]): PublicRecord[] {
  return records.filter((record) => record.event.type === "BidPlaced").reverse();
}

type EventOf<Type> = Extract<PublicRecord["event"], { type: Type }>;

/** The latest event of a type with its time, or undefined. */
export function latestOf<Type extends PublicRecord["event"]["type"]>(
  records: readonly PublicRecord[], type: Type,
): { at_us: number; event: EventOf<Type> } | undefined {
  for (let index = records.length - 1; index >= 0; index -= 1) {
    const record = records[index];
    if (record?.event.type === type) return { at_us: record.at_us, event: record.event as EventOf<Type> };
  }
  return undefined;
}

/** Join older records in front of those that are known, at most `RECORDS_READ_MAX` in all. */
export function withOlder(room: Room, older: readonly PublicRecord[]): Room {
  const first = room.records[0]?.sequence ?? Infinity;
  return { ...room, records: [...older.filter((record) => record.sequence < first), ...room.records].slice(-RECORDS_READ_MAX) };
}

/** Losing the lead shows in the state as well, so that a lost notice does not leave anyone in the dark. */
function withView(room: Room, view: LotView): Room {
  const paddle = room.you?.paddle ?? 0;
  const led = paddle > 0 && room.view?.leader === paddle;
  const leads = paddle > 0 && view.leader === paddle;
  let outbid = room.outbid;
  if (leads || isClosed(view)) outbid = null;
  else if (led || outbid) outbid = { price: view.price, asking: view.asking_price };
  return { ...room, view, outbid };
}

/**
 * A hidden offer belongs to its phase, and in turns to its turn; bids on items belong to their round: with the next they
 * are no longer one's own secret.
 */
function yoursAfter({ you, records }: Room, added: readonly PublicRecord[]): You | null {
  if (!you || (!you.lines.length && !you.handle && !you.item_bids?.length)) return you;
  const last = records.at(-1)?.sequence ?? 0;
  const fresh = added.filter(({ sequence }) => sequence > last);
  if (fresh.some(({ event }) => event.type === "PhaseBegan" || (event.type === "RoundBegan" && event.paddle > 0))) return { ...you, lines: [], handle: "", item_bids: [], held: [] };
  return you.item_bids?.length && fresh.some(({ event }) => event.type === "RoundClosed") ? { ...you, item_bids: [] } : you;
}

function joined(known: readonly PublicRecord[], added: readonly PublicRecord[]): PublicRecord[] {
  const last = known.at(-1)?.sequence ?? 0;
  return [...known, ...added.filter((record) => record.sequence > last)].slice(-Math.max(RECORDS_MAX, known.length));
}
