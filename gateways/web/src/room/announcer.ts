// What a screen reader is told of a moving price: politely, at most every few seconds, and always the latest.

export const POLITE_EVERY_MS = 4_000;

/** Passes on the latest of many texts, no more often than can be listened to. */
export class Announcer {
  private saidAtMs = -Infinity;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private latest = "";

  constructor(private readonly say: (text: string) => void, private readonly read: () => number = () => performance.now()) {}

  /** Say it now if nothing was said lately, else when the time has come, unless something newer came. */
  tell(text: string): void {
    this.latest = text;
    if (this.waiting !== undefined) return;
    const dueInMs = this.saidAtMs + POLITE_EVERY_MS - this.read();
    if (dueInMs <= 0) this.speak();
    else this.waiting = setTimeout(() => this.speak(), dueInMs);
  }

  /** Say nothing more. */
  stop(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }

  private speak(): void {
    this.waiting = undefined;
    this.saidAtMs = this.read();
    this.say(this.latest);
  }
}
