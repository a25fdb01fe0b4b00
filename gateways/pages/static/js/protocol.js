// The live protocol, version 1: one connection that keeps its subscriptions and its commands through every loss.
// Belongs here: connecting, positions, retries, the clock. Does not belong here: what a frame means to a page.

import { ServerClock } from "./server_clock.js";

const PROTOCOL = "luochui.v1.json";
const RETRY_FLOOR_MS = 250;
const RETRY_CEILING_MS = 15000;
const FIRST_PINGS = 5;
const FIRST_PING_EVERY_MS = 150;
const PING_EVERY_MS = 10000;
const SILENCE_MAX_MS = 25000;
const ANSWER_WITHIN_MS = 5000;
const TRIES_MAX = 8;
const UNFOLLOWED = new Set(["LOT_UNKNOWN", "TOO_MANY_SUBSCRIPTIONS", "BUSY"]);

export const DISCONNECTED = "disconnected";
export const CONNECTING = "connecting";
export const LIVE = "live";
export const RECOVERING = "recovering";

/** The close code that says: sign in again. */
export const SIGNED_OUT = 4503;

/** A delay anywhere between nothing and a ceiling that doubles (full jitter), in milliseconds. */
export function retryDelayMs(attempt, random = Math.random) {
  return random() * Math.min(RETRY_CEILING_MS, RETRY_FLOOR_MS * 2 ** attempt);
}

/** The time that a hello or the reason of a close frame asks us to stay away, in milliseconds; -1 for none. */
export function toldDelayMs(said, random = Math.random) {
  const { reconnect_min_ms: least, reconnect_max_ms: most } = said ?? {};
  return Number.isFinite(least) && most >= least ? least + random() * (most - least) : -1;
}

/** What the reason of a close frame says, or nothing: it may come from anybody on the way. */
export function farewellOf(reason) {
  try {
    return JSON.parse(reason);
  } catch {
    return null;
  }
}

/** Tell whether a close code lets the client come back: 45xx asks for a change first. */
export function mayReturn(closeCode) {
  return closeCode < 4500 || closeCode > 4599;
}

/** Make 128 random bits in hexadecimal: the name of one intention, the same in every retry. */
export function commandId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One connection. Handlers: `onState(state, closeCode)`, `onFrame(frame)`. */
export class LiveConnection {
  state = DISCONNECTED;
  closeCode = 0;
  hello = null;
  #socket = null;
  #handlers;
  #random;
  #open;
  #attempt = 0;
  #wasLive = false;
  #isWanted = false;
  #subscriptions = new Map();
  #pending = new Map();
  #outbox = [];
  #tokens = 0;
  #timers = new Map();
  #heardAtMs = 0;

  constructor({ onState = () => {}, onFrame = () => {}, clock = new ServerClock(), random = Math.random, open = openSocket } = {}) {
    this.#handlers = { onState, onFrame };
    this.clock = clock;
    this.#random = random;
    this.#open = open;
  }

  /** Connect, and stay connected until `close`. */
  connect() {
    this.#isWanted = true;
    if (this.#socket) return;
    clearTimeout(this.#timers.get("retry"));
    this.#become(this.#wasLive ? RECOVERING : CONNECTING);
    const socket = this.#open();
    this.#socket = socket;
    socket.onmessage = (message) => socket === this.#socket && this.#take(JSON.parse(message.data));
    socket.onclose = (closing) => socket === this.#socket && this.#lost(closing.code, farewellOf(closing.reason));
  }

  /** Disconnect for good; pending commands stay unanswered. */
  close() {
    this.#isWanted = false;
    this.#socket?.close(1000);
    this.#lost(1000);
  }

  /** Follow a lot with view "full" or "state"; called again it changes the view, from the position reached. */
  subscribe(lot, view = "full") {
    const known = this.#subscriptions.get(lot);
    const kept = known?.view === view ? known : { epoch: "", offset: -1 };
    this.#subscriptions.set(lot, { view, epoch: kept.epoch, offset: kept.offset, isWaiting: true });
    if (this.hello) this.#askFor(lot);
  }

  /** Stop following a lot. */
  unsubscribe(lot) {
    if (this.#subscriptions.delete(lot) && this.hello) this.#put({ type: "unsubscribe", lot });
  }

  /**
   * Send a command until it is answered; its id is made here, once, and kept through reconnections.
   *
   * Resolves with the receipt, the refusal, or the error that ended it. Never rejects.
   */
  send(command) {
    const frame = { ...command, id: commandId() };
    return new Promise((resolve) => {
      this.#pending.set(frame.id, { frame, resolve, tries: 0, sentAtMs: 0 });
      if (this.hello) this.#dispatch(frame.id);
    });
  }

  /** How many commands still wait for their answer. */
  get pendingCount() {
    return this.#pending.size;
  }

  #take(frame) {
    this.#heardAtMs = this.clock.localMs();
    if (frame.server_time_us) this.clock.hint(frame.server_time_us);
    switch (frame.type) {
      case "hello": return this.#greeted(frame);
      case "pong": return this.clock.sample(frame.sent, frame.server_time_us);
      case "snapshot": return this.#positioned(frame);
      case "events": return this.#continued(frame);
      case "receipt":
      case "refusal": return this.#answered(frame);
      case "error": return this.#failed(frame);
      default: return this.#handlers.onFrame(frame);
    }
  }

  #greeted(hello) {
    this.hello = hello;
    this.#tokens = hello.limits.frames_burst / 2;
    this.#every("refill", 1000 / 4, () => this.#refill(hello.limits));
    this.#every("heartbeat", 1000, () => this.#checkHealth());
    this.clock.forget();
    this.clock.hint(hello.server_time_us);
    for (let count = 0; count < FIRST_PINGS; count += 1) setTimeout(() => this.#ping(), count * FIRST_PING_EVERY_MS);
    this.#every("ping", Math.min(PING_EVERY_MS, hello.heartbeat_ms / 2), () => this.#ping());
    this.#handlers.onFrame(hello);
    for (const lot of this.#subscriptions.keys()) this.#askFor(lot);
    for (const id of this.#pending.keys()) this.#dispatch(id);
    this.#settleState();
  }

  #askFor(lot) {
    const subscription = this.#subscriptions.get(lot);
    subscription.isWaiting = true;
    const position = subscription.view === "full" ? { epoch: subscription.epoch, offset: subscription.offset } : {};
    this.#put({ type: "subscribe", lot, view: subscription.view, ...position });
  }

  #positioned(snapshot) {
    const subscription = this.#subscriptions.get(snapshot.lot);
    if (!subscription) return;
    Object.assign(subscription, { epoch: snapshot.epoch, offset: snapshot.offset, isWaiting: false });
    this.#handlers.onFrame(snapshot);
    this.#settleState();
  }

  /** Pass records on only when they continue what is known; a gap is asked for instead. */
  #continued(frame) {
    const subscription = this.#subscriptions.get(frame.lot);
    if (!subscription || subscription.isWaiting) return;
    const first = frame.records[0]?.sequence ?? subscription.offset + 1;
    if (frame.epoch !== subscription.epoch || first > subscription.offset + 1) {
      this.#askFor(frame.lot);
      return;
    }
    subscription.offset = Math.max(subscription.offset, frame.offset);
    this.#handlers.onFrame(frame);
  }

  #answered(frame) {
    const waiting = this.#pending.get(frame.id);
    this.#pending.delete(frame.id);
    waiting?.resolve(frame);
  }

  #failed(error) {
    const waiting = this.#pending.get(error.id);
    if (!waiting && UNFOLLOWED.has(error.code)) this.#settleWithout();
    if (!waiting) return this.#handlers.onFrame(error);
    if (error.code !== "OUTCOME_UNKNOWN" || waiting.tries >= TRIES_MAX) return this.#answered(error);
    waiting.sentAtMs = Infinity;
    setTimeout(() => this.#dispatch(error.id), retryDelayMs(waiting.tries, this.#random));
  }

  /** A lot that cannot be followed will never have a snapshot: do not wait for it. */
  #settleWithout() {
    for (const subscription of this.#subscriptions.values()) subscription.isWaiting = false;
    this.#settleState();
  }

  #dispatch(id) {
    const waiting = this.#pending.get(id);
    if (!waiting || !this.hello) return;
    waiting.tries += 1;
    waiting.sentAtMs = this.clock.localMs();
    this.#put(waiting.frame, { isUrgent: true });
  }

  #ping() {
    if (this.hello && this.#tokens >= 1) this.#put({ type: "ping", sent: this.clock.localMs() }, { isUrgent: true });
  }

  /** Ask again for late answers, and give up on a connection from which nothing is heard. */
  #checkHealth() {
    const nowMs = this.clock.localMs();
    if (nowMs - this.#heardAtMs > SILENCE_MAX_MS) {
      this.#socket?.close();
      this.#lost(1006);
      return;
    }
    for (const [id, waiting] of this.#pending) {
      if (nowMs - waiting.sentAtMs < ANSWER_WITHIN_MS) continue;
      if (waiting.tries >= TRIES_MAX) this.#answered({ type: "error", code: "OUTCOME_UNKNOWN", retryable: true, id });
      else this.#dispatch(id);
    }
  }

  #put(frame, { isUrgent = false } = {}) {
    if (isUrgent) this.#outbox.unshift(frame);
    else this.#outbox.push(frame);
    this.#flush();
  }

  /** Stay below half of the server's rate: who is too fast is not let in again. */
  #refill(limits) {
    this.#tokens = Math.min(limits.frames_burst / 2, this.#tokens + limits.frames_per_second / 8);
    this.#flush();
  }

  #flush() {
    while (this.hello && this.#tokens >= 1 && this.#outbox.length > 0) {
      this.#tokens -= 1;
      this.#socket.send(JSON.stringify(this.#outbox.shift()));
    }
  }

  #lost(closeCode, farewell = null) {
    if (!this.#socket) return;
    const toldMs = toldDelayMs(farewell ?? this.hello, this.#random);
    this.#socket = null;
    this.hello = null;
    this.#outbox = [];
    this.closeCode = closeCode;
    for (const kind of ["refill", "heartbeat", "ping"]) clearInterval(this.#timers.get(kind));
    for (const subscription of this.#subscriptions.values()) subscription.isWaiting = true;
    if (!this.#isWanted || !mayReturn(closeCode)) return this.#endForGood();
    this.#become(this.#wasLive ? RECOVERING : CONNECTING);
    this.#timers.set("retry", setTimeout(() => this.connect(), this.#attempt === 0 && toldMs >= 0 ? toldMs : retryDelayMs(this.#attempt, this.#random)));
    this.#attempt += 1;
  }

  #endForGood() {
    this.#isWanted = false;
    this.#become(DISCONNECTED);
    for (const id of [...this.#pending.keys()]) this.#answered({ type: "error", code: "OUTCOME_UNKNOWN", retryable: true, id });
  }

  #settleState() {
    if (!this.hello || [...this.#subscriptions.values()].some((subscription) => subscription.isWaiting)) return;
    this.#attempt = 0;
    this.#wasLive = true;
    this.#become(LIVE);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#handlers.onState(state, this.closeCode);
  }

  #every(kind, milliseconds, work) {
    clearInterval(this.#timers.get(kind));
    this.#timers.set(kind, setInterval(work, milliseconds));
  }
}

function openSocket() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}/api/v1/live`, [PROTOCOL]);
}
