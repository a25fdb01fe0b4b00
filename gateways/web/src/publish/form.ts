// The form while it is filled in: it keeps itself over a reload, asks the rulebook for its figures, and has every state of
// it checked by the exchange, which changes nothing there.

import { computed, reactive, ref, shallowRef, watch, type Ref } from "vue";
import { ApiError, get, post } from "../house/api";
import { me } from "../house/me";
import type { Explanation, FieldProblem, LotCheck, LotFigures, RulebookSummary } from "../schema";
import { emptyDraft, fieldOf, fieldOfPath, isBlank, readLot, restoredDraft, roundedOpening, STEP_FIELDS, type Draft, type ReadLot, type Step } from "./draft";
import { parseAmount } from "../client";

/** Where the draft of whoever is here is kept; another account at the same browser has its own. */
const keptAt = (): string => `luochui_lot_draft_${me.value.account?.id ?? 0}`;
const PAUSE_MS = 350;

export type LotForm = ReturnType<typeof useLotForm>;

/** A field that is wrong: a phrase of the form, a limit of the rulebook, or what the exchange says of the lot's terms. */
export type FormProblem = { phrase: string } | { violation: LotCheck["violations"][number] } | { said: FieldProblem };

export function useLotForm() {
  const place = keptAt();
  const draft = reactive<Draft>(restoredDraft(kept(place)));
  const rulebooks = shallowRef<RulebookSummary[]>([]);
  const explanation = shallowRef<Explanation | null>(null);
  const figures = shallowRef<LotFigures | null>(null);
  const check = shallowRef<LotCheck | null>(null);
  const failure = shallowRef<ApiError | null>(null);
  const isChecking = ref(false);
  /** Whether the form may say of empty fields that they are needed. */
  const isAsked = ref(false);
  let turn = 0;
  /** The opening that was filled in and not chosen: another rulebook has another. */
  let proposed: number | null = null;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const read = computed<ReadLot>(() => readLot(draft, figures.value));
  const violations = computed(() => check.value?.violations ?? []);
  /** What the exchange says of fields of which the form itself says nothing. */
  const problems = computed<readonly FieldProblem[]>(() => (check.value?.problems ?? failure.value?.fields ?? [])
    .filter((one) => !read.value.faults.some((fault) => fault.field === fieldOfPath(one.field))));
  const isSound = computed(() => read.value.faults.length === 0 && violations.value.length === 0
    && problems.value.length === 0 && failure.value === null && check.value !== null);

  const problemOf = (field: keyof Draft): FormProblem | null => {
    const fault = read.value.faults.find((one) => one.field === field);
    const isEmpty = draft[field] === "" || draft[field] === null || (field === "ladder" && isBlank(draft.ladder));
    if (fault && (isAsked.value || !isEmpty)) return { phrase: fault.text };
    const violation = violations.value.find((one) => fieldOf(one.parameter) === field);
    if (violation) return { violation };
    const said = problems.value.find((one) => fieldOfPath(one.field) === field);
    return said ? { said } : null;
  };

  /** Whether something in a step is missing or wrong, and whether the form says so already. */
  const stateOf = (step: Step): "whole" | "open" | "wrong" => {
    const fields: readonly (keyof Draft)[] = STEP_FIELDS[step];
    if (fields.some((field) => problemOf(field))) return "wrong";
    return read.value.faults.some((fault) => fields.includes(fault.field)) ? "open" : "whole";
  };

  /** Ask for the rulebook's figures and the exchange's opinion of what the form holds; the latest question wins. */
  async function refresh(): Promise<void> {
    clearTimeout(pause); // what it would ask is asked now
    const mine = ++turn;
    isChecking.value = true;
    try {
      const found = await figuresOf(draft);
      if (mine !== turn) return;
      figures.value = found;
      if (found && draft.opens_at === null && !draft.host_opens && found.terms.opens_at_us) {
        proposed = draft.opens_at = roundedOpening(found.terms.opens_at_us);
        return await refresh(); // the rulebook's periods may count from the opening
      }
      const { lot, faults } = readLot(draft, found, { isTrial: true });
      const isReadable = !faults.some((fault) => fault.field === "opening_price");
      const answer = isReadable ? await post<LotCheck>("/lots/check", lot) : null;
      if (mine !== turn) return;
      [check.value, failure.value] = [answer, null];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === turn) [check.value, failure.value] = [null, error];
    } finally {
      if (mine === turn) isChecking.value = false;
    }
  }

  async function loadRulebooks(): Promise<void> {
    rulebooks.value = (await get<{ rulebooks: RulebookSummary[] }>("/rulebooks")).rulebooks;
  }

  async function explain(): Promise<void> {
    const name = draft.rulebook;
    explanation.value = null;
    if (!name) return;
    try {
      const told = await get<Explanation>(`/rulebooks/${name}`);
      if (draft.rulebook === name) explanation.value = told;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failure.value = error;
    }
  }

  /** Empty the form, once what it held has been published or is to be forgotten. */
  function clear(): void {
    Object.assign(draft, emptyDraft());
    fillRegion();
    [check.value, failure.value, isAsked.value] = [null, null, false];
    localStorage.removeItem(place);
  }

  watch(draft, () => {
    localStorage.setItem(place, JSON.stringify(draft));
    clearTimeout(pause);
    pause = setTimeout(() => void refresh(), PAUSE_MS);
  });
  watch(() => draft.rulebook, () => void explain(), { immediate: true });
  watch(() => draft.rulebook, () => {
    turn += 1; // what is on its way was asked of another programme
    draft.figures = {};
    if (draft.opens_at === proposed) draft.opens_at = null;
  });
  watch(() => me.value.centre.region, fillRegion, { immediate: true });
  void refresh();

  /** Most lots lie where the centre is. */
  function fillRegion(): void {
    if (!draft.region) draft.region = me.value.centre.region;
  }

  return {
    draft, rulebooks, explanation, figures, check, failure, isChecking: isChecking as Readonly<Ref<boolean>>, isAsked, read, violations,
    problems, isSound, problemOf, stateOf, refresh, loadRulebooks, clear,
  };
}

async function figuresOf(draft: Draft): Promise<LotFigures | null> {
  const opening = parseAmount(draft.opening_price, "CNY").amount;
  if (!draft.rulebook || opening === undefined) return null;
  return post<LotFigures>(`/rulebooks/${draft.rulebook}/draft`, {
    category: draft.category,
    opening_price: opening,
    valuation: parseAmount(draft.valuation, "CNY").amount ?? 0,
    notice_at_us: (draft.notice_at ?? 0) * 1000,
    opens_at_us: draft.host_opens ? 0 : (draft.opens_at ?? 0) * 1000,
  });
}

function kept(place: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(place) ?? "null");
  } catch {
    return null; // not ours: begin anew
  }
}
