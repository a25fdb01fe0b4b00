import { expect, it } from "vitest";
import type { LotView, PublicRecord, ServerFrame } from "../schema";
import { EMPTY_ROOM, NOTHING_OF_ONES_OWN, RECORDS_MAX, RECORDS_READ_MAX, reduce, withOlder, type Room } from "./room";

const VIEW = { lot: 1, state: "open", currency: "CNY", price: 100, asking_price: 110, leader: 1, winner: 0 } as LotView;
const YOU = { ...NOTHING_OF_ONES_OWN, paddle: 1 };

function snapshot(frame: Partial<Extract<ServerFrame, { type: "snapshot" }>> = {}): ServerFrame {
  return { type: "snapshot", lot: 1, epoch: "e", offset: 1, view: "full", is_recovered: false, state: VIEW, records: [], you: YOU, server_time_us: 0, ...frame };
}

function state(change: Partial<LotView>): ServerFrame {
  return { type: "state", lot: 1, epoch: "e", offset: 2, server_time_us: 0, state: { ...VIEW, ...change }, records: [] };
}

function records(...sequences: number[]): PublicRecord[] {
  return sequences.map((sequence) => ({ sequence, at_us: sequence, event: { type: "LotOpened", by: 0 } }));
}

function after(...frames: ServerFrame[]): Room[] {
  const rooms = [EMPTY_ROOM];
  for (const frame of frames) rooms.push(reduce(rooms.at(-1) ?? EMPTY_ROOM, frame));
  return rooms;
}

it("losing the lead shows until it is won back", () => {
  const rooms = after(
    snapshot(),
    state({ leader: 2, price: 110, asking_price: 120 }),
    state({ leader: 3, price: 120, asking_price: 130 }),
    state({ leader: 1, price: 130, asking_price: 140 }),
  );
  expect(rooms.map((room) => room.outbid)).toEqual([null, null, { price: 110, asking: 120 }, { price: 120, asking: 130 }, null]);
});

it("a late notice of being outbid does not contradict the lead", () => {
  const room = after(snapshot({ state: { ...VIEW, price: 200 } }), { type: "outbid", lot: 1, price: 150, asking_price: 160, server_time_us: 0 }).at(-1);
  expect(room?.outbid).toBeNull();
});

it("recovered records join those that are known, all others replace them", () => {
  const known = after(snapshot({ records: records(1, 2, 3) })).at(-1) ?? EMPTY_ROOM;
  const recovered = reduce(known, snapshot({ is_recovered: true, records: records(3, 4) }));
  expect(recovered.records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  const anew = reduce(known, snapshot({ records: records(90, 91) }));
  expect(anew.records.map(({ sequence }) => sequence)).toEqual([90, 91]);
});

it("keeps a bounded number of records, and older ones on request", () => {
  const many = Array.from({ length: RECORDS_MAX + 10 }, (_, index) => index + 1);
  const room = after(snapshot(), { type: "events", lot: 1, epoch: "e", offset: many.length, server_time_us: 0, state: VIEW, records: records(...many) }).at(-1) ?? EMPTY_ROOM;
  expect(room.records).toHaveLength(RECORDS_MAX);
  expect(withOlder(room, records(9, 10, 11)).records.slice(0, 3).map(({ sequence }) => sequence)).toEqual([9, 10, 11]);
});

it("keeps what was read while new ones come, and no more than can be read at once", () => {
  const frame = (from: number, to: number): ServerFrame => ({
    type: "events", lot: 1, epoch: "e", offset: to, server_time_us: 0, state: VIEW, records: records(...Array.from({ length: to - from + 1 }, (_, index) => from + index)),
  });
  const room = after(snapshot(), frame(3_001, 3_600)).at(-1) ?? EMPTY_ROOM;
  const read = withOlder(room, records(2_998, 2_999, 3_000, 3_100));
  const sequences = ({ records: kept }: Room) => [kept.length, kept[0]?.sequence, kept.at(-1)?.sequence];
  expect(sequences(room)).toEqual([RECORDS_MAX, 3_101, 3_600]);
  expect(sequences(read)).toEqual([RECORDS_MAX + 4, 2_998, 3_600]);
  expect(sequences(reduce(read, frame(3_601, 3_602)))).toEqual([RECORDS_MAX + 4, 3_000, 3_602]);
  expect(withOlder(read, records(...Array.from({ length: 2_900 }, (_, index) => index + 1))).records).toHaveLength(RECORDS_READ_MAX);
});

it("frames that say nothing of the lot leave the room as it is", () => {
  const room = after(snapshot()).at(-1) ?? EMPTY_ROOM;
  expect(reduce(room, { type: "pong", sent: 1, server_time_us: 1 })).toBe(room);
});
