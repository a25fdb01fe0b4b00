// When what is known is shown: at once where a change comes alone, at a pace where changes come fast.
// Belongs here: the moments of drawing. Does not belong here: what is known (`client/room`), what of it is urgent (`shown`).

/** Nobody reads faster; a telephone that drew fifty bids a second would do nothing else. */
export const SHOWN_EVERY_MS = 100;
/** A page that nobody sees is kept right, not fluent. */
export const HIDDEN_EVERY_MS = 1_000;

/** What changes all the time: whatever is drawn, it is drawn with it. */
export const EVERYDAY = "price";

/** Decides when things are drawn that change more often than can be seen. */
export class Pace {
  private readonly drawnAtMs = new Map<string, number>();
  private readonly told = new Set<string>();
  private readonly draws = new Set<() => void>();
  private dueAtMs = Infinity;
  private forget = () => {};

  /**
   * Have something drawn because a subject has changed, together with all else that waits.
   *
   * A subject that was not drawn lately is drawn with the next picture of the screen, others once every `SHOWN_EVERY_MS`:
   * so what is rare is never late behind what is frequent, and what each subject costs is bounded.
   */
  tell(subject: string, draw: () => void): void {
    this.told.add(subject);
    this.draws.add(draw);
    const nowMs = performance.now();
    const everyMs = document.hidden ? HIDDEN_EVERY_MS : SHOWN_EVERY_MS;
    const dueAtMs = Math.max(nowMs, (this.drawnAtMs.get(document.hidden ? EVERYDAY : subject) ?? -Infinity) + everyMs);
    if (dueAtMs >= this.dueAtMs) return;
    this.forget();
    this.dueAtMs = dueAtMs;
    this.forget = this.wait(dueAtMs - nowMs);
  }

  /** Draw what waits now: somebody looks again, or will not be shown pictures for a while. */
  draw(): void {
    if (this.draws.size === 0) return;
    this.forget();
    this.dueAtMs = Infinity;
    const nowMs = performance.now();
    for (const [subject, atMs] of this.drawnAtMs) {
      if (nowMs - atMs >= HIDDEN_EVERY_MS) this.drawnAtMs.delete(subject);
    }
    for (const subject of [EVERYDAY, ...this.told]) this.drawnAtMs.set(subject, nowMs);
    const draws = [...this.draws];
    this.told.clear();
    this.draws.clear();
    for (const draw of draws) draw();
  }

  /** A hidden page gets no pictures of the screen. */
  private wait(milliseconds: number): () => void {
    if (milliseconds > 0 || document.hidden) {
      const timer = setTimeout(() => this.draw(), milliseconds);
      return () => clearTimeout(timer);
    }
    const picture = requestAnimationFrame(() => this.draw());
    return () => cancelAnimationFrame(picture);
  }
}

/** The pace of this page: it has one screen, however many lots it shows. */
export const pace = new Pace();

document.addEventListener("visibilitychange", () => pace.draw());
