// The live protocol, version 1: one connection that keeps its subscriptions and its commands through every loss.
// Belongs here: connecting, positions, retries, the clock. Does not belong here: what a frame means to a page.

import { commandId } from "./commands";
import { farewellOf, mayReturn, retryDelayMs, toldDelayMs, type Farewell } from "./backoff";
import { ServerClock } from "./clock";
import type { ClientFrame, Error as ErrorFrame, Events, Hello, Limits, ReceiptFrame, RefusalFrame, ServerFrame, Snapshot, View } from "../schema";

export const PROTOCOL = "luochui.v1.json";
const PATH = "/api/v1/live";
const FIRST_PINGS = 5;
const FIRST_PING_EVERY_MS = 150;
const PING_EVERY_MS = 10_000;
const RTT_MS_MAX = 60_000;
const SILENCE_MAX_MS = 25_000;
const ANSWER_WITHIN_MS = 5_000;
const TRIES_MAX = 8;
const SLOW_ANSWER_MS = 500;
const TOO_FAST = 4502;
const SIGNED_OUT = 4503;
const UNFOLLOWED = new Set(["LOT_UNKNOWN", "TOO_MANY_SUBSCRIPTIONS", "BUSY"]);

/** disconnected → connecting → live → recovering → live …; disconnected again only for good. */
export type ConnectionState = "disconnected" | "connecting" | "live" | "recovering";

/** What became of a command: its receipt, its refusal, or the error that ended it. */
export type Answer = ReceiptFrame | RefusalFrame | ErrorFrame;

type Without<Frame, Key extends string> = Frame extends unknown ? Omit<Frame, Key> : never;

/** A command as a page makes it; its id is made when it is sent. */
export type Command = Without<Extract<ClientFrame, { id: string }>, "id">;

/** What the connection needs of a WebSocket. */
export interface Socket {
  onmessage: ((message: { data: string }) => void) | null;
  onclose: ((closing: { code: number; reason?: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface ConnectionOptions {
  onState?: (state: ConnectionState, closeCode: number) => void;
  onFrame?: (frame: ServerFrame) => void;
  clock?: ServerClock;
  random?: () => number;
  /** Where the live floor is, on this page's own host. */
  path?: string;
  open?: () => Socket;
}

interface Subscription {
  view: View;
  epoch: string;
  offset: number;
  /** Asked for, and no snapshot yet. */
  isWaiting: boolean;
}

interface Pending {
  frame: ClientFrame;
  resolve: (answer: Answer) => void;
  tries: number;
  sentAtMs: number;
}

type Repeated = "refill" | "heartbeat" | "ping";

/** One connection to the live floor. */
export class LiveConnection {
  state: ConnectionState = "disconnected";
  closeCode = 0;
  hello: Hello | null = null;
  readonly clock: ServerClock;
  private readonly onState: (state: ConnectionState, closeCode: number) => void;
  private readonly onFrame: (frame: ServerFrame) => void;
  private readonly random: () => number;
  private readonly open: () => Socket;
  private readonly subscriptions = new Map<number, Subscription>();
  private readonly pending = new Map<string, Pending>();
  private readonly repeated = new Map<Repeated, ReturnType<typeof setInterval>>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private socket: Socket | null = null;
  private outbox: ClientFrame[] = [];
  private attempt = 0;
  private wasLive = false;
  private isWanted = false;
  /** Disconnected for good: nothing is sent any more until somebody connects again. */
  private hasEnded = false;
  private tokens = 0;
  private heardAtMs = 0;
  /** When the first ping left that has no answer yet; null for none. */
  private pingedAtMs: number | null = null;

  constructor({ onState = () => {}, onFrame = () => {}, clock = new ServerClock(), random = Math.random, path = PATH, open = () => openSocket(path) }: ConnectionOptions = {}) {
    this.onState = onState;
    this.onFrame = onFrame;
    this.clock = clock;
    this.random = random;
    this.open = open;
  }

  /** Connect, and stay connected until `close`. */
  connect(): void {
    this.isWanted = true;
    this.hasEnded = false;
    if (this.socket) return;
    clearTimeout(this.retry);
    this.become(this.wasLive ? "recovering" : "connecting");
    const socket = this.open();
    this.socket = socket;
    socket.onmessage = (message) => {
      if (socket === this.socket) this.take(JSON.parse(message.data) as ServerFrame);
    };
    socket.onclose = (closing) => {
      if (socket === this.socket) this.lost(closing.code, farewellOf(closing.reason ?? ""));
    };
  }

  /** Do not wait any longer to come back: the network is there again, or somebody looks again. */
  hurry(): void {
    if (this.isWanted && !this.socket) this.connect();
  }

  /** Disconnect for good; pending commands end with OUTCOME_UNKNOWN. */
  close(): void {
    this.isWanted = false;
    clearTimeout(this.retry);
    this.socket?.close(1000);
    if (this.socket) this.lost(1000);
    else this.endForGood();
  }

  /** Follow a lot; called again it changes the view, from the position reached. */
  subscribe(lot: number, view: View = "full"): void {
    const known = this.subscriptions.get(lot);
    const kept = known?.view === view ? known : { epoch: "", offset: -1 };
    this.subscriptions.set(lot, { view, epoch: kept.epoch, offset: kept.offset, isWaiting: true });
    if (this.hello) this.askFor(lot);
  }

  /** Stop following a lot. */
  unsubscribe(lot: number): void {
    if (this.subscriptions.delete(lot) && this.hello) this.put({ type: "unsubscribe", lot });
  }

  /**
   * Send a command until it is answered; its id is made once and kept through reconnections. Never rejects.
   *
   * `id` is that of an earlier try whose outcome is not known: the same intention, so the first answer comes back.
   * What is sent after the connection has ended for good is answered at once, with why it did not leave.
   */
  send(command: Command, id?: string): Promise<Answer> {
    const frame = { ...command, id: id ?? commandId() } as Extract<ClientFrame, { id: string }>;
    if (this.hasEnded) return Promise.resolve(id ? unanswered(id) : unsent(frame.id, this.closeCode));
    return new Promise((resolve) => {
      this.pending.set(frame.id, { frame, resolve, tries: 0, sentAtMs: 0 });
      if (this.hello) this.dispatch(frame.id);
    });
  }

  /** For how long nothing has been heard from the server, in milliseconds; 0 while there is no connection. */
  get silenceMs(): number {
    return this.hello ? this.clock.localMs() - this.heardAtMs : 0;
  }

  /**
   * How long an answer takes now, in milliseconds: the latest round trip, or longer where one is awaited longer already.
   * Null until measured. The clock keeps its shortest round trip instead, which says how well it goes, not how we fare.
   */
  get answerMs(): number | null {
    const nowMs = this.clock.localMs();
    const sent = [...this.pending.values()].map(({ sentAtMs }) => sentAtMs).filter((atMs) => atMs > 0 && atMs < Infinity);
    const awaited = this.hello ? Math.max(0, ...[...sent, this.pingedAtMs ?? nowMs].map((atMs) => nowMs - atMs)) : 0;
    return this.clock.roundTripMs === null ? null : Math.max(this.clock.lastRoundTripMs, awaited);
  }

  /** How many commands still wait for their answer. */
  get pendingCount(): number {
    return this.pending.size;
  }

  // -- what the server says ------------------------------------------------------------------------------------

  private take(frame: ServerFrame): void {
    this.heardAtMs = this.clock.localMs();
    if ("server_time_us" in frame) this.clock.hint(frame.server_time_us);
    switch (frame.type) {
      case "hello": return this.greeted(frame);
      case "pong":
        this.pingedAtMs = null;
        return this.clock.sample(frame.sent, frame.server_time_us);
      case "snapshot": return this.positioned(frame);
      case "events": return this.continued(frame);
      case "receipt":
      case "refusal": return this.answered(frame);
      case "error": return this.failed(frame);
      default: return this.onFrame(frame);
    }
  }

  private greeted(hello: Hello): void {
    this.hello = hello;
    this.tokens = hello.limits.frames_burst / 2;
    this.every("refill", 1000 / 4, () => this.refill(hello.limits));
    this.every("heartbeat", 1000, () => this.checkHealth());
    this.clock.forget();
    this.clock.hint(hello.server_time_us);
    for (let count = 0; count < FIRST_PINGS; count += 1) setTimeout(() => this.ping(), count * FIRST_PING_EVERY_MS);
    this.every("ping", Math.min(PING_EVERY_MS, hello.heartbeat_ms / 2), () => this.ping());
    this.onFrame(hello);
    for (const lot of this.subscriptions.keys()) this.askFor(lot);
    for (const id of this.pending.keys()) this.dispatch(id);
    this.settleState();
  }

  private positioned(snapshot: Snapshot): void {
    const subscription = this.subscriptions.get(snapshot.lot);
    if (!subscription) return;
    Object.assign(subscription, { epoch: snapshot.epoch, offset: snapshot.offset, isWaiting: false });
    this.onFrame(snapshot);
    this.settleState();
  }

  /** Pass records on only when they continue what is known; a gap is asked for instead. */
  private continued(frame: Events): void {
    const subscription = this.subscriptions.get(frame.lot);
    if (!subscription || subscription.isWaiting) return;
    const first = frame.records[0]?.sequence ?? subscription.offset + 1;
    if (frame.epoch !== subscription.epoch || first > subscription.offset + 1) {
      this.askFor(frame.lot);
      return;
    }
    subscription.offset = Math.max(subscription.offset, frame.offset);
    this.onFrame(frame);
  }

  private answered(answer: Answer): void {
    const waiting = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    const tookMs = waiting ? this.clock.localMs() - waiting.sentAtMs : 0;
    if (tookMs > SLOW_ANSWER_MS) {
      // A slow answer says that the last ping is no longer true; until another one is back, it is what is known.
      this.clock.lastRoundTripMs = tookMs;
      this.ping();
    }
    waiting?.resolve(answer);
  }

  private failed(error: ErrorFrame): void {
    const waiting = this.pending.get(error.id);
    if (!waiting) {
      if (UNFOLLOWED.has(error.code)) this.settleWithout();
      this.onFrame(error);
    } else if (error.code !== "OUTCOME_UNKNOWN" || waiting.tries >= TRIES_MAX) {
      this.answered(error);
    } else {
      waiting.sentAtMs = Infinity;
      setTimeout(() => this.dispatch(error.id), retryDelayMs(waiting.tries, this.random));
    }
  }

  /** A lot that cannot be followed will never have a snapshot: do not wait for it. */
  private settleWithout(): void {
    for (const subscription of this.subscriptions.values()) subscription.isWaiting = false;
    this.settleState();
  }

  // -- what is sent --------------------------------------------------------------------------------------------

  private askFor(lot: number): void {
    const subscription = this.subscriptions.get(lot);
    if (!subscription) return;
    subscription.isWaiting = true;
    const isFull = subscription.view === "full";
    this.put({ type: "subscribe", lot, view: subscription.view, epoch: isFull ? subscription.epoch : "", offset: isFull ? subscription.offset : -1 });
  }

  private dispatch(id: string): void {
    const waiting = this.pending.get(id);
    if (!waiting || !this.hello) return;
    waiting.tries += 1;
    waiting.sentAtMs = this.clock.localMs();
    this.put(waiting.frame, { isUrgent: true });
  }

  private ping(): void {
    if (!this.hello || this.tokens < 1) return;
    const measured = this.clock.lastRoundTripMs;
    const rtt_ms = measured ? Math.min(Math.max(1, Math.round(measured)), RTT_MS_MAX) : 0;
    this.pingedAtMs ??= this.clock.localMs();
    this.put({ type: "ping", sent: this.clock.localMs(), rtt_ms }, { isUrgent: true });
  }

  /** Ask again for late answers, and give up on a connection from which nothing is heard. */
  private checkHealth(): void {
    const nowMs = this.clock.localMs();
    if (nowMs - this.heardAtMs > SILENCE_MAX_MS) {
      this.socket?.close();
      this.lost(1006);
      return;
    }
    for (const [id, waiting] of this.pending) {
      if (nowMs - waiting.sentAtMs < ANSWER_WITHIN_MS) continue;
      if (waiting.tries >= TRIES_MAX) this.answered(unanswered(id));
      else this.dispatch(id);
    }
  }

  private put(frame: ClientFrame, { isUrgent = false } = {}): void {
    if (isUrgent) this.outbox.unshift(frame);
    else this.outbox.push(frame);
    this.flush();
  }

  /** Stay below half of the server's rate: who is too fast is not let in again. */
  private refill(limits: Limits): void {
    this.tokens = Math.min(limits.frames_burst / 2, this.tokens + limits.frames_per_second / 8);
    this.flush();
  }

  private flush(): void {
    while (this.hello && this.tokens >= 1) {
      const frame = this.outbox.shift();
      if (!frame) return;
      this.tokens -= 1;
      this.socket?.send(JSON.stringify(frame));
    }
  }

  // -- losing it -----------------------------------------------------------------------------------------------

  private lost(closeCode: number, farewell: Partial<Farewell> | null = null): void {
    if (!this.socket) return;
    const toldMs = toldDelayMs(farewell ?? this.hello, this.random);
    this.socket = null;
    this.hello = null;
    this.outbox = [];
    this.closeCode = closeCode;
    this.pingedAtMs = null;
    for (const timer of this.repeated.values()) clearInterval(timer);
    for (const subscription of this.subscriptions.values()) subscription.isWaiting = true;
    if (!this.isWanted || !mayReturn(closeCode)) {
      this.endForGood();
      return;
    }
    this.become(this.wasLive ? "recovering" : "connecting");
    const delayMs = this.attempt === 0 && toldMs !== null ? toldMs : retryDelayMs(this.attempt, this.random);
    this.retry = setTimeout(() => this.connect(), delayMs);
    this.attempt += 1;
  }

  private endForGood(): void {
    this.isWanted = false;
    this.hasEnded = true;
    this.become("disconnected");
    for (const id of [...this.pending.keys()]) this.answered(unanswered(id));
  }

  private settleState(): void {
    if (!this.hello || [...this.subscriptions.values()].some((subscription) => subscription.isWaiting)) return;
    this.attempt = 0;
    this.wasLive = true;
    this.become("live");
  }

  private become(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.onState(state, this.closeCode);
  }

  private every(kind: Repeated, milliseconds: number, work: () => void): void {
    clearInterval(this.repeated.get(kind));
    this.repeated.set(kind, setInterval(work, milliseconds));
  }
}

function unanswered(id: string): ErrorFrame {
  return { type: "error", code: "OUTCOME_UNKNOWN", retryable: true, detail: "", id };
}

/** Why a command never left: nothing of it can be on record. */
function unsent(id: string, closeCode: number): ErrorFrame {
  const code = closeCode === SIGNED_OUT ? "NOT_SIGNED_IN" : closeCode === TOO_FAST ? "RATE_LIMITED" : "BUSY";
  return { type: "error", code, retryable: false, detail: "", id };
}

function openSocket(path: string): Socket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}${path}`, [PROTOCOL]) as Socket;
}
