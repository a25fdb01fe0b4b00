// Everything that the papers of a lot are written from, read once: the lot, its records, who took part, what was refused.
// Belongs here: asking the exchange. Does not belong here: what stands in a paper (`papers.ts`).

import { ApiError, get } from "../house/api";
import type { LinkedRecord, LotDetail, Participants, RecordPage, Refusals } from "../schema";

export interface Reading {
  lot: LotDetail;
  records: readonly LinkedRecord[];
  /** Whether there are more records than are read here. */
  hasMore: boolean;
  participants: Participants;
  refusals: Refusals;
}

const TOO_EARLY = "LOT_NOT_OVER";
const ENDED: ReadonlySet<string> = new Set(["knocked_down", "sold", "passed", "withdrawn"]);
const PAGE = 1000;
const PAGES_MAX = 20;

/** Read it all.  Raises ApiError; before the lot's end with the code LOT_NOT_OVER. */
export async function readingOf(lot: number): Promise<Reading> {
  const detail = await get<LotDetail>(`/lots/${lot}`);
  if (!ENDED.has(detail.view.state)) throw new ApiError(409, TOO_EARLY);
  const [participants, refusals, course] = await Promise.all([
    get<Participants>(`/lots/${lot}/participants`),
    get<Refusals>(`/lots/${lot}/refusals`),
    courseOf(lot),
  ]);
  return { lot: detail, participants, refusals, ...course };
}

async function courseOf(lot: number): Promise<Pick<Reading, "records" | "hasMore">> {
  const records: LinkedRecord[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await get<RecordPage>(`/lots/${lot}/records?after=${records.at(-1)?.sequence ?? 0}&limit=${PAGE}`);
    records.push(...found.records);
    if (!found.has_more || found.records.length === 0) return { records, hasMore: false };
  }
  return { records, hasMore: true };
}

/** Whether a failure says that the lot is still under way. */
export function isTooEarly(failure: unknown): boolean {
  return failure instanceof ApiError && failure.code === TOO_EARLY;
}
