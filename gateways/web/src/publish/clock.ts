// The centre's clock in a browser of any zone: date pickers know only the browser's own.

const CENTRE_MINUTES = 8 * 60; // Asia/Shanghai, without summer time since 1991
const MINUTE_MS = 60_000;

/** Return the date whose face in this browser's zone is that of a moment at the centre. */
export function onWall(momentMs: number): Date {
  const at = new Date(momentMs + CENTRE_MINUTES * MINUTE_MS);
  return new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds());
}

/** Return the moment at which the centre's clock shows what a date shows in this browser's zone, in milliseconds. */
export function fromWall(shown: Date): number {
  const face = Date.UTC(shown.getFullYear(), shown.getMonth(), shown.getDate(), shown.getHours(), shown.getMinutes(), shown.getSeconds());
  return face - CENTRE_MINUTES * MINUTE_MS;
}
