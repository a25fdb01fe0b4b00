// The server's clock, seen from here. Deadlines are shown by it and by nothing else.

const SAMPLE_LIFE_MS = 120000;

/** Estimates the server's time from pings: the sample with the shortest round trip errs least. */
export class ServerClock {
  #best = null;
  #read;

  constructor(read = () => performance.now()) {
    this.#read = read;
  }

  /** This computer's monotonic time, in milliseconds; it does not jump when somebody sets the clock. */
  localMs() {
    return this.#read();
  }

  /** Take a frame's server time as a first guess until a ping is measured. */
  hint(serverTimeUs) {
    if (!this.#best) this.#best = { offsetMs: serverTimeUs / 1000 - this.#read(), roundTripMs: Infinity, atMs: this.#read() };
  }

  /** Take a ping that left at `sentMs` and came back now with the server's time. */
  sample(sentMs, serverTimeUs) {
    const nowMs = this.#read();
    const roundTripMs = nowMs - sentMs;
    if (roundTripMs < 0) return;
    const isStale = this.#best && nowMs - this.#best.atMs > SAMPLE_LIFE_MS;
    if (this.#best && !isStale && roundTripMs > this.#best.roundTripMs) return;
    this.#best = { offsetMs: serverTimeUs / 1000 - (sentMs + nowMs) / 2, roundTripMs, atMs: nowMs };
  }

  /** Forget everything, as after a sleep or a change of server. */
  forget() {
    this.#best = null;
  }

  /** The server's time in microseconds, null while unknown. */
  nowUs() {
    return this.#best ? Math.round((this.#read() + this.#best.offsetMs) * 1000) : null;
  }

  /** How far the clock of this computer is behind the server's, in milliseconds; null until measured. */
  get behindMs() {
    if (!this.#best || this.#best.roundTripMs === Infinity) return null;
    return this.#read() + this.#best.offsetMs - Date.now();
  }

  /** Round trip of the kept sample, in milliseconds; null until measured. */
  get roundTripMs() {
    return this.#best && this.#best.roundTripMs !== Infinity ? this.#best.roundTripMs : null;
  }
}
