// Coming back by itself to a page that could not be shown, once it can.

const LEAST_MS = 5000;
const SPREAD_MS = 5000;
const TIMES_MAX = 200;

/** Ask now and then whether the page is there again, and load it then. */
export function comeBack(timesLeft = TIMES_MAX): void {
  if (timesLeft === 0) return;
  setTimeout(async () => {
    if (!document.hidden && (await isThere())) location.reload();
    else comeBack(timesLeft - 1);
  }, LEAST_MS + Math.random() * SPREAD_MS);
}

async function isThere(): Promise<boolean> {
  try {
    return (await fetch(location.href, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
