// What each amount on record counts: money, or, from where the price is capped and something else is bid, its unit; and
// in which phase it stands.
// Belongs here: which phase and measure hold at a record. Does not belong here: how amounts are written (`room/measure`).

import { money, units, type Measure } from "../room/measure";
import type { LotTerms, LotView, PublicRecord } from "../schema";

/** The measure of what was bid at a record, by its sequence. */
export type MeasureAt = (sequence: number) => Measure;

/** The format of the phase that a record stands in, by its sequence; empty where that is not known. */
export type FormatAt = (sequence: number) => string;

type Programme = LotTerms["programme"];

/**
 * The measures of a lot's records.
 *
 * Records tell where phases begin; `programme` tells what each phase takes. Without it only the phase that runs is
 * known, and what came before counts as money, which it is wherever there is one second dimension.
 */
export function measuresOf(records: readonly PublicRecord[], view: LotView, programme?: Programme): MeasureAt {
  const phaseAt = phasesOf(records, view);
  return (sequence) => measureIn(phaseAt(sequence), view, programme);
}

/** The formats of a lot's records, told by what `programme` says of each phase, or without it of the one that runs. */
export function formatsOf(records: readonly PublicRecord[], view: Pick<LotView, "phase" | "format">, programme?: Programme): FormatAt {
  const phaseAt = phasesOf(records, view);
  return (sequence) => {
    const index = phaseAt(sequence);
    return programme?.[index]?.phase ?? (index === view.phase ? view.format : "");
  };
}

/** The phase that each record stands in, as the records at hand tell where phases begin. */
function phasesOf(records: readonly PublicRecord[], view: Pick<LotView, "phase">): (sequence: number) => number {
  const begun = records.flatMap(({ sequence, event }): [number, number][] => (event.type === "PhaseBegan" ? [[sequence, event.index]] : []));
  const before = begun[0] ? Math.max(0, begun[0][1] - 1) : view.phase;
  return (sequence) => begun.findLast(([from]) => from <= sequence)?.[1] ?? before;
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
