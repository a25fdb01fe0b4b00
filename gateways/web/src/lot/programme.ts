// The programme of a lot in words: each phase with its main parameters.

import { formatAmount } from "../client";
import type { LotTerms } from "../schema";
import { pick, say } from "../texts/language";
import { durationText } from "./standing";

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const DAY_US = 1440 * MINUTE_US;

export type Phase = LotTerms["programme"][number];
type Format = Phase["phase"];
type PhaseOf<Name extends Format> = Extract<Phase, { phase: Name }>;
type Money = (amount: number) => string;

/** A label's key, and the lines of text for a phase; without lines the row is left out. */
type Row<Of> = readonly [label: string, lines: (phase: Of, money: Money) => readonly string[]];

/** What terms leave out because it is the rule of the format; terms name everything else themselves. */
export const DEFAULTS: { [Name in Format]: Partial<PhaseOf<Name>> } = {
  call_auction: { duration_us: 15 * MINUTE_US, tick: 1, quantity_max: 99_999, band: 1000 },
  debt: { order: "listed", bid_rule: "free", duration_us: DAY_US, soft_close_window_us: 5 * MINUTE_US, extension_us: 5 * MINUTE_US },
  draw: { entrants: "tied", places: 3 },
  dutch: { steps: 80, tick_us: 5 * MINUTE_US, first_pause_us: 30 * SECOND_US },
  english: { bid_rule: "free", duration_us: DAY_US, soft_close_window_us: 5 * MINUTE_US, extension_us: 5 * MINUTE_US, max_bids_allowed: true, priority: "none" },
  first_refusal: { window_us: 5 * MINUTE_US, several: "rank" },
  gong: { round_us: 3 * MINUTE_US, pause_us: 15 * SECOND_US, hard_end_after_us: 420 * MINUTE_US },
  interval: { duration_us: 5 * MINUTE_US, inquiry: "nothing" },
  japanese: { entry_us: 5 * MINUTE_US, tick_us: MINUTE_US },
  multi_unit: { duration_us: 120 * MINUTE_US, pricing: "uniform", precedence: "time", sharing: "in_turn", lot_size: 1, line_min: 1, price_step: 1 },
  offers: { duration_us: 4 * MINUTE_US, who: "everybody", base: "opening", least: 0, unit: 1, revisions_max: 0 },
  order_book: { duration_us: 120 * MINUTE_US, trade_price: "resting", tick: 1, quantity_max: 99_999, band: 1000 },
  sealed: { duration_us: 4 * MINUTE_US, who: "everybody", base: "opening", least: 0, unit: 1, revisions_max: 0 },
  second_dimension: { duration_us: 4 * MINUTE_US, soft_close_window_us: 4 * MINUTE_US, extension_us: 4 * MINUTE_US },
  sell_off: { duration_us: 60 * DAY_US },
  simultaneous: { pause_us: 0, increment_min: 1, waivers: 0 },
  turns: { rounds: 3, first_pause_us: 5 * MINUTE_US, pause_us: 3 * MINUTE_US, turn_us: 3 * MINUTE_US },
};

type FieldsOf<Of, Value> = { [Field in keyof Of]-?: NonNullable<Of[Field]> extends Value ? Field : never }[keyof Of] & string;

/** The ways in which one field is said, for phases of one type. */
function rowsOf<Of>() {
  const value = (phase: Of, field: keyof Of) => phase[field] as number;
  return {
    time: (field: FieldsOf<Of, number>, label = `term_${field}`): Row<Of> => [label, (phase) => (value(phase, field) ? [durationText(value(phase, field))] : [])],
    amount: (field: FieldsOf<Of, number>): Row<Of> => [`term_${field}`, (phase, money) => (value(phase, field) ? [money(value(phase, field))] : [])],
    count: (field: FieldsOf<Of, number>): Row<Of> => [`term_${field}`, (phase) => (value(phase, field) ? [String(value(phase, field))] : [])],
    share: (field: FieldsOf<Of, number>): Row<Of> => [`term_${field}`, (phase) => (value(phase, field) ? [`${value(phase, field) / 100} %`] : [])],
    word: (field: FieldsOf<Of, string>): Row<Of> => [`term_${field}`, (phase) => {
      const word = phase[field] as string | null;
      return word && word !== "none" ? [say(`${field}_${word}`)] : [];
    }],
  };
}

const english = rowsOf<PhaseOf<"english">>();
const offers = rowsOf<PhaseOf<"offers"> | PhaseOf<"sealed">>();
const market = rowsOf<PhaseOf<"order_book"> | PhaseOf<"call_auction">>();
const book = rowsOf<PhaseOf<"order_book">>();
const debt = rowsOf<PhaseOf<"debt">>();
const draw = rowsOf<PhaseOf<"draw">>();
const dutch = rowsOf<PhaseOf<"dutch">>();
const refusal = rowsOf<PhaseOf<"first_refusal">>();
const gong = rowsOf<PhaseOf<"gong">>();
const japanese = rowsOf<PhaseOf<"japanese">>();
const units = rowsOf<PhaseOf<"multi_unit">>();
const dimension = rowsOf<PhaseOf<"second_dimension">>();
const rounds = rowsOf<PhaseOf<"simultaneous">>();
const turns = rowsOf<PhaseOf<"turns">>();

type Bidding = PhaseOf<"english"> | PhaseOf<"debt">;
const increments: Row<Bidding | PhaseOf<"gong"> | PhaseOf<"japanese">> = ["increment", ({ increments: table }, money) => table.map(([threshold, increment]) => (
  table.length > 1 ? say("increment_from", { threshold: money(threshold), increment: money(increment) }) : money(increment)))];
const softClose: Row<Bidding | PhaseOf<"second_dimension">> = ["soft_close", (phase) => [phase.soft_close_window_us
  ? say("soft_close_text", { window: durationText(phase.soft_close_window_us), extension: durationText(phase.extension_us) }) : say("none")]];
const BIDDING: readonly Row<Bidding>[] = [
  increments,
  ["bid_rule", (phase) => [say(`rule_${phase.bid_rule}`)]],
  ["duration", (phase) => [phase.duration_us === null ? say("host_hammers") : durationText(phase.duration_us)]],
  softClose,
];
const OFFERING: readonly Row<PhaseOf<"offers"> | PhaseOf<"sealed">>[] = [
  offers.time("duration_us", "duration"), offers.word("who"), ["term_range", (phase, money) => [rangeText(phase, money)]], offers.amount("unit"),
  ["term_award", (phase) => [say(`award_${phase.award?.rule ?? "best_price"}`)]],
  offers.count("revisions_max"), ["term_distinct", (phase) => ("distinct_amounts" in phase && phase.distinct_amounts ? [say("term_distinct_text")] : [])],
];
const TRADING = [market.time("duration_us", "duration"), market.amount("tick"), market.count("quantity_max"), market.share("band")];
const items: Row<PhaseOf<"debt"> | PhaseOf<"simultaneous">> = ["term_items", (phase, money) => phase.items.map(({ item, opening_price: price }) => say("term_item", { item, price: money(price) }))];

/** The rows of each format, in their order. */
const ROWS: { [Name in Format]: readonly Row<PhaseOf<Name>>[] } = {
  call_auction: TRADING,
  debt: [items, debt.amount("debt"), debt.amount("costs"), debt.word("order"), ...BIDDING, debt.time("covered_countdown_us")],
  draw: [draw.word("entrants"), draw.count("places"), draw.time("entry_us"), draw.time("commit_us"), draw.time("reveal_us"), ["term_beacon", ({ beacon }) => (beacon ? [beaconText(beacon.source)] : [])]],
  dutch: [dutch.count("steps"), dutch.amount("step"), dutch.share("step_share"), dutch.time("tick_us"), dutch.time("first_pause_us"), dutch.amount("stop_price")],
  english: [...BIDDING, ["max_bids", (phase) => [say(phase.max_bids_allowed ? "allowed" : "not_allowed")]], english.word("priority"), english.amount("cap_price"), english.amount("buy_now_price"), english.count("entrants_min")],
  first_refusal: [refusal.time("window_us"), refusal.word("several")],
  gong: [increments, gong.time("round_us"), gong.time("pause_us"), gong.time("hard_end_after_us")],
  interval: [rowsOf<PhaseOf<"interval">>().time("duration_us"), ["term_inquiry", ({ inquiry }) => (inquiry === "nothing" ? [] : [say(`question_${inquiry}`)])]],
  japanese: [increments, japanese.time("entry_us"), japanese.time("tick_us")],
  multi_unit: [
    ["term_supply", (phase) => [`${phase.supply} ${phase.unit}`]], units.time("duration_us", "duration"), units.word("pricing"), units.word("precedence"), units.word("sharing"),
    units.count("lot_size"), units.count("line_min"), units.count("bidder_max"), units.amount("price_step"),
    ["term_hints", (phase) => (phase.hints_after_us?.length ? [phase.hints_after_us.map(durationText).join(" · ")] : [])],
  ],
  offers: OFFERING,
  order_book: [...TRADING, book.word("trade_price")],
  sealed: OFFERING,
  second_dimension: [["term_unit_bid", (phase) => [phase.unit]], dimension.count("start"), dimension.count("step"), dimension.count("cap"), dimension.time("duration_us", "duration"), softClose],
  sell_off: [rowsOf<PhaseOf<"sell_off">>().time("duration_us", "duration")],
  simultaneous: [items, rounds.time("round_us"), rounds.time("pause_us"), rounds.amount("increment_min"), rounds.share("increment_basis_points"), rounds.share("activity_basis_points"), rounds.count("waivers")],
  turns: [turns.count("rounds"), turns.amount("step"), turns.time("first_pause_us"), turns.time("pause_us"), turns.time("turn_us")],
};

/** What a phase asks for: label and lines, in order. */
export function phaseRows(written: Phase, currency: string): { label: string; lines: readonly string[] }[] {
  const phase = { ...DEFAULTS[written.phase], ...written } as Phase;
  const money = (minor: number) => formatAmount(minor, currency);
  const conditions = (["only_if_capped", "only_if_uncapped"] as const)
    .filter((field) => field in phase && phase[field as keyof Phase])
    .map((field) => ({ label: say("term_condition"), lines: [say(`term_${field}`)] }));
  const rows = ROWS[phase.phase] as readonly Row<Phase>[];
  const told = rows.map(([label, lines]) => ({ label: say(label), lines: lines(phase, money) })).filter(({ lines }) => lines.length > 0);
  return [...conditions, ...told];
}

function beaconText(source: string): string {
  const [zh = "", en = zh] = source.split(" / ");
  return pick({ zh, en });
}

function rangeText(phase: PhaseOf<"offers"> | PhaseOf<"sealed">, money: Money): string {
  if (!phase.least && phase.most == null) return say(`range_${phase.least_is_excluded ? "beyond" : "on"}_${phase.base}`);
  const least = say(phase.least_is_excluded ? "range_above" : "range_from", { amount: money(phase.least) });
  const most = phase.most == null ? "" : say(phase.most_is_excluded ? "range_below" : "range_to", { amount: money(phase.most) });
  return say(`range_of_${phase.base}`, { range: [least, most].filter(Boolean).join(say("range_and")) });
}
