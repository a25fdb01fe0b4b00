// What a screen reader is told of what moves: at most every few seconds, and always the latest.

export const POLITE_EVERY_MS = 4_000;
/** Something else than before may interrupt sooner, but not again and again. */
export const OTHER_EVERY_MS = 1_000;

/** Passes on the latest of many texts, no more often than can be listened to. */
export class Announcer {
  private saidAtMs = -Infinity;
  private saidTopic = "";
  private dueAtMs = Infinity;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private latest = { text: "", topic: "" };

  constructor(private readonly say: (text: string) => void, private readonly read: () => number = () => performance.now()) {}

  /** Say it now if nothing was said lately, else when the time has come, unless something newer came. */
  tell(text: string, topic = ""): void {
    this.latest = { text, topic };
    const dueAtMs = this.saidAtMs + (topic === this.saidTopic ? POLITE_EVERY_MS : OTHER_EVERY_MS);
    if (dueAtMs <= this.read()) this.speak();
    else if (dueAtMs < this.dueAtMs) {
      clearTimeout(this.waiting);
      this.dueAtMs = dueAtMs;
      this.waiting = setTimeout(() => this.speak(), dueAtMs - this.read());
    }
  }

  /** Say nothing more. */
  stop(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.dueAtMs = Infinity;
  }

  private speak(): void {
    this.stop();
    this.saidAtMs = this.read();
    this.saidTopic = this.latest.topic;
    this.say(this.latest.text);
  }
}
