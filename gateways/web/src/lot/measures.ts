// What each amount on record counts: money, or, from where the price is capped and something else is bid, its unit.
// Belongs here: which measure holds at a record. Does not belong here: how amounts are written (`room/measure`).

import { money, units, type Measure } from "../room/measure";
import type { LotTerms, LotView, PublicRecord } from "../schema";

/** The measure of what was bid at a record, by its sequence. */
export type MeasureAt = (sequence: number) => Measure;

type Programme = LotTerms["programme"];

/**
 * The measures of a lot's records.
 *
 * Records tell where phases begin; `programme` tells what each phase takes. Without it only the phase that runs is
 * known, and what came before counts as money, which it is wherever there is one second dimension.
 */
export function measuresOf(records: readonly PublicRecord[], view: LotView, programme?: Programme): MeasureAt {
  const inPhase = (index: number) => measureIn(index, view, programme);
  const begun = records.flatMap(({ sequence, event }): [number, number][] => (event.type === "PhaseBegan" ? [[sequence, event.index]] : []));
  const before = begun[0] ? Math.max(0, begun[0][1] - 1) : view.phase;
  return (sequence) => inPhase(begun.findLast(([from]) => from <= sequence)?.[1] ?? before);
}

/** What a phase of the programme takes. */
export function measureIn(index: number, view: Pick<LotView, "phase" | "detail" | "currency">, programme?: Programme): Measure {
  const phase = programme?.[index];
  if (phase?.phase === "second_dimension") return units(phase.unit);
  if (!programme && index === view.phase && view.detail?.kind === "dimension") return units(view.detail.unit);
  return money(view.currency);
}

/** What the second dimension of a sale counts, however long ago it was bid in; null where there is none. */
export function dimensionOf(view: Pick<LotView, "detail">, programme?: Programme): Measure | null {
  if (view.detail?.kind === "dimension") return units(view.detail.unit);
  const phase = programme?.findLast((one) => one.phase === "second_dimension");
  return phase?.phase === "second_dimension" ? units(phase.unit) : null;
}
