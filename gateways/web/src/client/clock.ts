// The server's clock, seen from here. Deadlines are shown by it and by nothing else.

const SAMPLE_LIFE_MS = 120_000;

interface Sample {
  offsetMs: number;
  roundTripMs: number;
  atMs: number;
}

/** Estimates the server's time from pings: the sample with the shortest round trip errs least. */
export class ServerClock {
  /** Round trip of the latest ping in milliseconds, 0 before there was one. */
  lastRoundTripMs = 0;
  private best: Sample | null = null;

  constructor(private readonly read: () => number = () => performance.now()) {}

  /** This computer's monotonic time, in milliseconds; it does not jump when somebody sets the clock. */
  localMs(): number {
    return this.read();
  }

  /** Take a frame's server time as a first guess until a ping is measured. */
  hint(serverTimeUs: number): void {
    const nowMs = this.read();
    this.best ??= { offsetMs: serverTimeUs / 1000 - nowMs, roundTripMs: Infinity, atMs: nowMs };
  }

  /** Take a ping that left at `sentMs` and came back now with the server's time. */
  sample(sentMs: number, serverTimeUs: number): void {
    const nowMs = this.read();
    const roundTripMs = nowMs - sentMs;
    if (roundTripMs < 0) return;
    this.lastRoundTripMs = roundTripMs;
    const isStale = this.best !== null && nowMs - this.best.atMs > SAMPLE_LIFE_MS;
    if (this.best !== null && !isStale && roundTripMs > this.best.roundTripMs) return;
    this.best = { offsetMs: serverTimeUs / 1000 - (sentMs + nowMs) / 2, roundTripMs, atMs: nowMs };
  }

  /** Forget everything, as after a sleep or a change of server. */
  forget(): void {
    this.best = null;
    this.lastRoundTripMs = 0;
  }

  /** The server's time in microseconds, null while unknown. */
  nowUs(): number | null {
    return this.best === null ? null : Math.round((this.read() + this.best.offsetMs) * 1000);
  }

  /** How far the clock of this computer is behind the server's, in milliseconds; null until measured. */
  get behindMs(): number | null {
    return this.measured === null ? null : this.read() + this.measured.offsetMs - Date.now();
  }

  /** Round trip of the kept sample, in milliseconds; null until measured. */
  get roundTripMs(): number | null {
    return this.measured?.roundTripMs ?? null;
  }

  private get measured(): Sample | null {
    return this.best !== null && this.best.roundTripMs !== Infinity ? this.best : null;
  }
}
