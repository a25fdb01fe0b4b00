// Where the cockpit reads what does not come over the live connection: the HTTP API, or a rehearsal's own.

import { get } from "../house/api";
import type { LotDetail, RecordPage, Refusals } from "../schema";

export interface CockpitSource {
  /** The lot with its terms, and who enters its reserve. */
  detail: () => Promise<Pick<LotDetail, "terms"> & Partial<Pick<LotDetail, "reserve_by_name">>>;
  /** Records after a sequence, with who of the staff acted. */
  records: (after: number, limit: number) => Promise<RecordPage>;
  /** What bidders were refused. */
  refusals: () => Promise<Refusals>;
}

/** The real lot. */
export function lotSource(lot: number): CockpitSource {
  return {
    detail: () => get<LotDetail>(`/lots/${lot}`),
    records: (after, limit) => get<RecordPage>(`/lots/${lot}/records?after=${after}&limit=${limit}`),
    refusals: () => get<Refusals>(`/lots/${lot}/refusals`),
  };
}
