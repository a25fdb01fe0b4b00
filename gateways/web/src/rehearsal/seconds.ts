// Spans of a rehearsal as people read them.

/** Microseconds as seconds with one decimal. */
export function secondsOf(spanUs: number): string {
  return (spanUs / 1_000_000).toFixed(1);
}
