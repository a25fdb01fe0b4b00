// The addresses of a rehearsal: of its parts for people, of its HTTP operations, and of its live floor.

export type Part = "host" | "bidder" | "hall";

const PARTS: readonly string[] = ["host", "bidder", "hall"];

/** What an address asks for: which rehearsal, empty for none, and as what. */
export function wantedOf(search: string): { name: string; part: Part } {
  const query = new URLSearchParams(search);
  const part = query.get("part") ?? "";
  const name = query.get("name") ?? "";
  return { name: /^[0-9a-f]{1,40}$/.test(name) ? name : "", part: PARTS.includes(part) ? (part as Part) : "host" };
}

/** The page of a part. */
export function pageOf(name: string, part: Part): string {
  return `/rehearsal?name=${name}&part=${part}`;
}

/** The HTTP operations of a rehearsal, below the API's root. */
export function operationsOf(name: string): string {
  return `/rehearsals/${name}`;
}

/** The live floor of a rehearsal. */
export function liveFloorOf(name: string, part: Part): string {
  return `/api/v1/rehearsals/${name}/live?part=${part}`;
}
