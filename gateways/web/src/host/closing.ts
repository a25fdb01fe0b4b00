// What comes next for a lot, step by step, and why not yet: up to the hammer, the signature, and the next lot.
// Belongs here: the steps as a pure function of what is shown. Does not belong here: doing them.

import { formatAmount } from "../client";
import type { HostAct, LotView } from "../schema";
import { momentText, spanText } from "../lot/standing";
import { say } from "../texts/language";
import { isToBeOpened } from "./entries";

export interface Step {
  key: string;
  state: "done" | "now" | "later";
  text: string;
  /** Why it cannot be done yet, or what happens by itself and when. */
  note?: string;
  /** What the host does about it. */
  act?: HostAct;
}

/** Between two warnings, and before the hammer, a room of people who think needs about so long. */
export const BREATH_US = 5_000_000;
const COUNTED_US = 100_000_000;

/** What is known of a lot's papers: there are none in a rehearsal, and otherwise they wait until they were opened. */
export type Papers = "none" | "waiting" | "opened";

/** The steps of a lot to its end. `quietUs` is how long nobody has bid or been warned; null when unknown. */
export function closingSteps(view: LotView, nowUs: number | null, quietUs: number | null, papers: Papers = "none"): Step[] {
  return [opening(view, nowUs), ...running(view, nowUs, quietUs), ...ending(view, papers)];
}

/** The step in hand. */
export function stepNow(steps: readonly Step[]): Step | undefined {
  return steps.find(({ state }) => state === "now");
}

function opening(view: LotView, nowUs: number | null): Step {
  if (view.state !== "announced") return { key: "open", state: "done", text: say("step_open") };
  const note = view.opens_at_us ? say("step_open_by_clock", { when: whenText(view.opens_at_us, nowUs) }) : say("step_open_by_host");
  return { key: "open", state: "now", text: say("step_open"), note, act: "open" };
}

function running(view: LotView, nowUs: number | null, quietUs: number | null): Step[] {
  const state = view.state === "announced" ? "later" : isOver(view) ? "done" : "now";
  if (view.state === "frozen") return [frozen(view, nowUs), { key: "bidding", state: "later", text: say("step_bidding") }];
  if (view.host_may_hammer) return byHammer(view, state, quietUs);
  if (isToBeOpened(view)) return [{ key: "opening", state, text: say("step_opening"), note: say("step_opening_note", { when: whenText(view.ends_at_us, nowUs) }) }];
  if (isToBeScored(view)) return [{ key: "scoring", state, text: say("step_scoring"), note: say("step_scoring_note", { when: whenText(view.ends_at_us, nowUs) }) }];
  if (view.state === "open" && !view.ends_at_us) return [{ key: "staff", state, text: say("step_staff"), note: say("step_staff_note") }];
  const bidding: Step = { key: "bidding", state, text: say("step_bidding") };
  const clock: Step = { key: "clock", state: isOver(view) ? "done" : "later", text: say("step_clock") };
  if (state === "now") bidding.note = byClockText(view, nowUs);
  if (state === "now" && view.detail?.kind === "asked") Object.assign(bidding, { key: "asked", text: say("step_asked"), note: say("step_asked_note", { when: whenText(view.ends_at_us, nowUs) }) });
  return [bidding, clock];
}

/** Whether offers are open and wait for the experts' points. */
function isToBeScored({ state, detail, accepts }: LotView): boolean {
  return state === "open" && detail?.kind === "offers" && detail.is_revealed && accepts.length === 0;
}

function frozen(view: LotView, nowUs: number | null): Step {
  const note = view.resumes_at_us ? say("step_resume_by_clock", { when: whenText(view.resumes_at_us, nowUs) }) : say("step_resume_by_host");
  return { key: "resume", state: "now", text: say("step_resume"), note, act: "resume" };
}

/** Bids, as many warnings as the rules want, the hammer. */
function byHammer(view: LotView, state: Step["state"], quietUs: number | null): Step[] {
  const warnings = Array.from({ length: view.fair_warnings_min }, (_, index) => warning(view, index + 1, state, quietUs));
  const isCalled = view.warnings >= view.fair_warnings_min;
  const hasBids = view.bids > 0;
  const bidding: Step = { key: "bidding", state: state === "now" && hasBids ? "done" : state, text: say("step_bids") };
  if (state === "now" && !hasBids) bidding.note = say("step_bids_none");
  const hammer: Step = { key: "hammer", state: state === "now" ? (hasBids && isCalled ? "now" : "later") : state, text: say("step_hammer"), act: "hammer" };
  if (state === "now") hammer.note = hammerText(view, quietUs);
  return [bidding, ...warnings, hammer];
}

function warning(view: LotView, number: number, state: Step["state"], quietUs: number | null): Step {
  const isNext = state === "now" && view.bids > 0 && view.warnings === number - 1;
  const isGiven = state === "done" || (state === "now" && view.warnings >= number);
  const step: Step = { key: `warning_${number}`, state: isGiven ? "done" : isNext ? "now" : "later", text: say("step_warning", { n: number, of: view.fair_warnings_min }), act: "fair_warning" };
  if (isNext && quietUs !== null) step.note = breathText(quietUs);
  return step;
}

function hammerText(view: LotView, quietUs: number | null): string {
  const missing = view.fair_warnings_min - view.warnings;
  if (view.bids === 0) return say("step_hammer_no_bids");
  if (missing > 0) return say("step_hammer_warnings", { n: missing });
  if (view.has_reserve && !view.is_reserve_met) return say("step_hammer_below_reserve");
  const quiet = quietUs === null ? "" : breathText(quietUs);
  return missing < 0 ? `${say("step_hammer_warned_more", { n: view.warnings, of: view.fair_warnings_min })} ${quiet}`.trim() : quiet;
}

function breathText(quietUs: number): string {
  return say(quietUs < BREATH_US ? "step_breath" : "step_quiet", { span: quietText(quietUs), of: BREATH_US / 1_000_000 });
}

/** How long nothing has happened: seconds as long as they can be counted along, then like a clock. */
export function quietText(quietUs: number): string {
  return quietUs < COUNTED_US ? say("seconds_short", { n: Math.floor(quietUs / 1_000_000) }) : spanText(quietUs);
}

function byClockText(view: LotView, nowUs: number | null): string {
  const parts = [say("step_ends_by_clock", { when: whenText(view.ends_at_us, nowUs) })];
  if (view.soft_close_window_us) parts.push(say("step_soft_close", { window: spanText(view.soft_close_window_us) }));
  return parts.join(" ");
}

/** What comes after the hammer: the signature where runners-up wait for it, the papers, the next lot. */
function ending(view: LotView, papers: Papers): Step[] {
  const isOpened = papers !== "waiting";
  const next: Step = { key: "next", state: isDecided(view) && isOpened ? "now" : "later", text: say("step_next") };
  if (papers === "none") Object.assign(next, { text: say("step_rehearsed"), note: isDecided(view) ? say("step_rehearsed_note") : undefined });
  const after = papers === "none" ? [next] : [papersStep(view, isOpened), next];
  if (view.state === "knocked_down") {
    const values = { paddle: view.winner, amount: formatAmount(view.hammer_price, view.currency) };
    return [{ key: "sign", state: "now", text: say("step_sign"), note: say("step_sign_note", values), act: "confirm" }, ...after];
  }
  if (isDecided(view) && papers !== "none") next.note = say(`step_ended_${view.state}`);
  return after;
}

function papersStep(view: LotView, isOpened: boolean): Step {
  if (!isDecided(view)) return { key: "papers", state: "later", text: say("step_papers") };
  return { key: "papers", state: isOpened ? "done" : "now", text: say("step_papers"), note: say(view.state === "sold" ? "step_papers_sold" : "step_papers_unsold") };
}

/** A moment with how far away it is. */
function whenText(atUs: number, nowUs: number | null): string {
  const moment = momentText(atUs, { isShort: true });
  return nowUs === null || atUs <= nowUs ? moment : say("moment_in", { moment, span: spanText(atUs - nowUs) });
}

function isOver(view: LotView): boolean {
  return view.state === "knocked_down" || isDecided(view);
}

function isDecided(view: LotView): boolean {
  return view.state === "sold" || view.state === "passed" || view.state === "withdrawn";
}
