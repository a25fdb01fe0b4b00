// What a page knows of one lot, as a pure function of the frames that came: reduce(room, frame) -> room.

export const RECORDS_MAX = 500;
const CLOSED = new Set(["knocked_down", "sold", "passed", "withdrawn"]);

export const EMPTY_ROOM = Object.freeze({
  view: null,
  epoch: "",
  offset: 0,
  records: [],
  you: null,
  outbid: null,
  presence: null,
});

/** Tell whether nobody can bid in a lot any more. */
export function isClosed(view) {
  return CLOSED.has(view.state);
}

/** Tell whether the paddle leads an unfinished lot or has won it. */
export function isMine(room) {
  const paddle = room.you?.paddle ?? 0;
  return paddle > 0 && (isClosed(room.view) ? room.view.winner : room.view.leader) === paddle;
}

/** Take a frame over and return the room after it; frames of other kinds leave it as it is. */
export function reduce(room, frame) {
  switch (frame.type) {
    case "snapshot": return fromSnapshot(room, frame);
    case "events": return fromEvents(room, frame);
    case "state": return fromEvents(room, frame);
    case "outbid": return fromOutbid(room, frame);
    case "presence": return { ...room, presence: { bidders: frame.bidders_online, watchers: frame.watchers } };
    case "you": return { ...room, you: { paddle: frame.paddle, limit: frame.limit, rank: frame.rank, lines: frame.lines, handle: frame.handle } };
    default: return room;
  }
}

/** The bids among records, latest first. */
export function bidsOf(records) {
  return records.filter((record) => record.event.type === "BidPlaced").reverse();
}

/** The latest record of a type, or undefined. */
export function latestOf(records, type) {
  return records.findLast((record) => record.event.type === type);
}

/** Join older records in front of those that are known. */
export function withOlder(room, older) {
  const first = room.records[0]?.sequence ?? Infinity;
  return { ...room, records: [...older.filter((record) => record.sequence < first), ...room.records] };
}

function fromSnapshot(room, frame) {
  const isContinued = frame.is_recovered && room.epoch === frame.epoch;
  const records = isContinued ? joined(room.records, frame.records) : frame.records;
  const next = { ...room, epoch: frame.epoch, offset: frame.offset, records, you: frame.you };
  return withView(next, frame.state);
}

function fromEvents(room, frame) {
  const next = { ...room, offset: frame.offset, records: joined(room.records, frame.records) };
  return withView(next, frame.state);
}

function fromOutbid(room, frame) {
  const leads = room.view && room.you && room.view.leader === room.you.paddle && room.view.price > frame.price;
  return leads ? room : { ...room, outbid: { price: frame.price, asking: frame.asking_price } };
}

/** Losing the lead shows in the state as well, so that a lost notice does not leave anyone in the dark. */
function withView(room, view) {
  const paddle = room.you?.paddle ?? 0;
  const led = paddle > 0 && room.view?.leader === paddle;
  const leads = paddle > 0 && view.leader === paddle;
  let outbid = room.outbid;
  if (leads || isClosed(view)) outbid = null;
  else if (led || outbid) outbid = { price: view.price, asking: view.asking_price };
  return { ...room, view, outbid };
}

function joined(known, added) {
  const last = known.at(-1)?.sequence ?? 0;
  return [...known, ...added.filter((record) => record.sequence > last)].slice(-RECORDS_MAX);
}
