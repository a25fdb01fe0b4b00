// Where somebody goes after signing in or registering: back to the page that asked, and only ever on this site.

/** The address that was asked for, as path and query; empty when there is none of this site. */
export function wantedNext(search = location.search, origin = location.origin): string {
  const next = new URLSearchParams(search).get("next") ?? "";
  if (!next || !URL.canParse(next, origin)) return "";
  const wanted = new URL(next, origin);
  return wanted.origin === origin ? wanted.pathname + wanted.search + wanted.hash : "";
}

/** The address of a page that leads on to where this one would have led. */
export function leadingOn(path: string, search = location.search): string {
  const next = wantedNext(search);
  return next ? `${path}?next=${encodeURIComponent(next)}` : path;
}
