// Where the navigation leads: the public pages first, then those that are for the one who is signed in.

import { FINANCE, hasRole } from "./me";

export interface Place {
  href: string;
  /** Key of its name. */
  key: string;
}

/** The public pages; `gateways/portal/rendering.py` has the same. */
const PUBLIC: readonly Place[] = [
  { href: "/", key: "home" },
  { href: "/lots", key: "lots" },
  { href: "/calendar", key: "calendar" },
  { href: "/notices", key: "notices" },
  { href: "/results", key: "results" },
  { href: "/statistics", key: "statistics" },
  { href: "/help", key: "help" },
];

const DESKS: readonly (Place & { roles: readonly string[] })[] = [
  { href: "/me", key: "my_sign_ups", roles: ["bidder"] },
  { href: "/host", key: "host_console", roles: ["host", "admin"] },
  { href: "/rehearsal", key: "rehearsal", roles: ["host", "admin"] },
  { href: "/admin/lots", key: "publish_lots", roles: ["host", "admin"] },
  { href: "/finance", key: "finance", roles: FINANCE },
  { href: "/admin", key: "administration", roles: ["admin", "auditor"] },
];

/** The places for whoever is here. */
export function places(): readonly Place[] {
  return [...PUBLIC, ...DESKS.filter(({ roles }) => hasRole(...roles))];
}
