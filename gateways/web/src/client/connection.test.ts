import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Hello, ServerFrame } from "../schema";
import { mayReturn } from "./backoff";
import { LiveConnection, type ConnectionState, type Socket } from "./connection";

interface Sent {
  type: string;
  id?: string;
  epoch?: string;
  offset?: number;
  sent?: number;
  rtt_ms?: number;
}

/** A server's end of one socket, by hand. */
class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: Sent[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {}

  hear(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  of(kind: string): Sent[] {
    return this.sent.filter((frame) => frame.type === kind);
  }
}

const LIMITS = { frames_per_second: 1000, frames_burst: 1000, subscriptions_max: 9, frame_bytes_max: 9999 };
const HELLO = { type: "hello", version: 1, epoch: "e", server_time_us: 1, who: null, heartbeat_ms: 60_000, limits: LIMITS } as unknown as Hello;
const snapshot = (offset: number) => ({ type: "snapshot", lot: 1, epoch: "e", state: {}, offset, is_recovered: offset > 1, records: [] });
const events = (sequence: number) => ({ type: "events", lot: 1, epoch: "e", state: {}, offset: sequence, records: [{ sequence }] });

let sockets: FakeSocket[];
let states: ConnectionState[];
let frames: ServerFrame["type"][];
let live: LiveConnection;

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, states, frames] = [[], [], []];
  live = new LiveConnection({
    random: () => 0,
    onState: (state) => states.push(state),
    onFrame: (frame) => frames.push(frame.type),
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
  });
});

afterEach(() => {
  live.close();
  vi.useRealTimers();
});

function socket(index: number): FakeSocket {
  const found = sockets[index];
  if (!found) throw new Error(`there is no socket ${index}`);
  return found;
}

function begin(index = 0): FakeSocket {
  socket(index).hear(HELLO);
  socket(index).hear(snapshot(1));
  return socket(index);
}

it("asks for a gap, and shows nothing before it is filled", () => {
  live.subscribe(1);
  live.connect();
  const server = begin();
  for (const sequence of [2, 4, 5]) server.hear(events(sequence));
  server.hear(snapshot(5));
  expect(server.of("subscribe").map(({ epoch, offset }) => [epoch, offset])).toEqual([["", -1], ["e", 2]]);
  expect(frames).toEqual(["hello", "snapshot", "events", "snapshot"]);
});

it("tells with the next ping the round trip that it measured", () => {
  live.connect();
  const server = begin();
  vi.advanceTimersByTime(10);
  const [first] = server.of("ping");
  expect(first?.rtt_ms).toBe(0);
  vi.advanceTimersByTime(110);
  server.hear({ type: "pong", sent: first?.sent, server_time_us: 1 });
  vi.advanceTimersByTime(60);
  const told = server.of("ping").at(-1)?.rtt_ms ?? 0;
  expect([server.of("ping").length, told >= 110 && told <= 130]).toEqual([2, true]);
});

it("keeps a command's id through a lost connection and an unknown outcome", async () => {
  live.subscribe(1);
  live.connect();
  begin();
  const answered = live.send({ type: "bid", lot: 1, amount: 5, phase: 0 });
  socket(0).onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(20);
  const server = begin(1);
  const id = server.of("bid")[0]?.id;
  server.hear({ type: "error", code: "OUTCOME_UNKNOWN", id });
  await vi.advanceTimersByTimeAsync(20);
  server.hear({ type: "receipt", id, sequence: 7 });
  const ids = [...socket(0).of("bid"), ...server.of("bid")].map((frame) => frame.id);
  expect(ids).toEqual([id, id, id]);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(await answered).toMatchObject({ type: "receipt", sequence: 7 });
  expect(states).toEqual(["connecting", "live", "recovering", "live"]);
});

it("asks again for an answer that is late, with the same id", async () => {
  live.subscribe(1);
  live.connect();
  const server = begin();
  void live.send({ type: "bid", lot: 1, amount: 5, phase: 0 });
  await vi.advanceTimersByTimeAsync(6_000);
  expect(new Set(server.of("bid").map((frame) => frame.id)).size).toBe(1);
  expect(server.of("bid")).toHaveLength(2);
});

it("stays away when the close code says so, and tells what is pending that its outcome is unknown", async () => {
  live.connect();
  socket(0).hear(HELLO);
  const answered = live.send({ type: "bid", lot: 1, amount: 5, phase: 0 });
  socket(0).onclose?.({ code: 4503 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([sockets.length, live.state]).toEqual([1, "disconnected"]);
  expect(await answered).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  expect(await live.send({ type: "bid", lot: 1, amount: 5, phase: 0 }), "what never left says why").toMatchObject({ code: "NOT_SIGNED_IN" });
  expect(await live.send({ type: "bid", lot: 1, amount: 5, phase: 0 }, "0".repeat(32))).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  expect([1006, 1001, 4400, 4401, 4402, 4500, 4501, 4502, 4503].map(mayReturn)).toEqual([true, true, true, true, true, false, false, false, false]);
});

it("gives up on a connection from which nothing is heard", async () => {
  live.subscribe(1);
  live.connect();
  begin();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sockets.length).toBeGreaterThan(1);
  expect(states).toContain("recovering");
});

it("comes back at once when told to hurry, once, and never after it was closed", () => {
  live.connect();
  begin().onclose?.({ code: 4400, reason: JSON.stringify({ reconnect_min_ms: 10_000, reconnect_max_ms: 10_000 }) });
  expect(sockets).toHaveLength(1);
  live.hurry();
  live.hurry();
  begin(1);
  vi.advanceTimersByTime(20_000);
  expect(sockets).toHaveLength(2);
  live.close();
  live.hurry();
  expect(sockets).toHaveLength(2);
});

it("says how long an answer takes now, not how short it once was", () => {
  live.subscribe(1);
  live.connect();
  sockets[0]?.hear(HELLO);
  sockets[0]?.hear(snapshot(1));
  expect(live.answerMs).toBeNull();
  vi.advanceTimersByTime(40);
  sockets[0]?.hear({ type: "pong", sent: live.clock.localMs() - 40, server_time_us: 1 });
  vi.advanceTimersByTime(1_000);
  sockets[0]?.hear({ type: "pong", sent: live.clock.localMs() - 30, server_time_us: 2 });
  expect([live.answerMs, live.clock.roundTripMs]).toEqual([30, 30]);
  const pinged = sockets[0]?.of("ping").length ?? 0;
  void live.send({ type: "bid", lot: 1, amount: 5, phase: 0 });
  vi.advanceTimersByTime(900);
  expect(live.answerMs).toBe(900);
  sockets[0]?.hear({ type: "receipt", id: sockets[0].of("bid")[0]?.id });
  expect(sockets[0]?.of("ping").length).toBe(pinged + 1);
  vi.advanceTimersByTime(1_200);
  expect(live.answerMs).toBe(1_200);
});

it("answers what waits when it is closed while it waits to come back", async () => {
  live.connect();
  socket(0).hear(HELLO);
  const answered = live.send({ type: "bid", lot: 1, amount: 5, phase: 0 });
  socket(0).onclose?.({ code: 1006 });
  live.close();
  expect(await answered).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  expect(live.state).toBe("disconnected");
});
