// The programme of a lot in words: each phase with its main parameters, and which of them is running.

import { element } from "./elements.js";
import { formatAmount } from "./money.js";
import { pick, say } from "./language.js";
import { durationText } from "./standing.js";

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const DAY_US = 1440 * MINUTE_US;
const LIVE = new Set(["open", "frozen"]);

/** What terms leave out because it is the rule of the format; terms name everything else themselves. */
export const DEFAULTS = {
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

const time = (field, label = `term_${field}`) => [label, (phase) => phase[field] && durationText(phase[field])];
const amount = (field) => [`term_${field}`, (phase, money) => phase[field] && money(phase[field])];
const count = (field) => [`term_${field}`, (phase) => phase[field] && String(phase[field])];
const share = (field) => [`term_${field}`, (phase) => phase[field] && percent(phase[field])];
const word = (field, label = `term_${field}`, none = "none") => [label, (phase) => phase[field] && phase[field] !== none && say(`${field}_${phase[field]}`)];

const RANGE = ["term_range", rangeText];
const BIDDING = [
  ["increment", incrementTexts],
  ["bid_rule", (phase) => say(`rule_${phase.bid_rule}`)],
  ["duration", (phase) => (phase.duration_us === null ? say("host_hammers") : durationText(phase.duration_us))],
  ["soft_close", softCloseText],
];
const OFFERING = [
  time("duration_us", "duration"), word("who"), RANGE, amount("unit"),
  ["term_award", (phase) => say(`award_${phase.award?.rule ?? "best_price"}`)],
  count("revisions_max"), ["term_distinct", (phase) => phase.distinct_amounts && say("term_distinct_text")],
];
const TRADING = [time("duration_us", "duration"), amount("tick"), count("quantity_max"), share("band")];

/** The rows of each format, in their order; what a phase does not have is left out. */
const ROWS = {
  call_auction: TRADING,
  debt: [["term_items", itemTexts], amount("debt"), amount("costs"), word("order"), ...BIDDING, time("covered_countdown_us")],
  draw: [word("entrants"), count("places"), time("entry_us"), time("commit_us"), time("reveal_us"), ["term_beacon", (phase) => phase.beacon && beaconText(phase.beacon)]],
  dutch: [count("steps"), amount("step"), share("step_share"), time("tick_us"), time("first_pause_us"), amount("stop_price")],
  english: [...BIDDING, ["max_bids", (phase) => say(phase.max_bids_allowed ? "allowed" : "not_allowed")], word("priority"), amount("cap_price"), amount("buy_now_price"), count("entrants_min")],
  first_refusal: [time("window_us"), word("several")],
  gong: [["increment", incrementTexts], time("round_us"), time("pause_us"), time("hard_end_after_us")],
  interval: [time("duration_us"), ["term_inquiry", (phase) => phase.inquiry !== "nothing" && say(`question_${phase.inquiry}`)]],
  japanese: [["increment", incrementTexts], time("entry_us"), time("tick_us")],
  multi_unit: [
    ["term_supply", (phase) => `${phase.supply} ${phase.unit}`], time("duration_us", "duration"), word("pricing"), word("precedence"), word("sharing"),
    count("lot_size"), count("line_min"), count("bidder_max"), amount("price_step"), ["term_hints", (phase) => phase.hints_after_us?.map(durationText).join(" · ")],
  ],
  offers: OFFERING,
  order_book: [...TRADING, word("trade_price")],
  sealed: OFFERING,
  second_dimension: [["term_unit_bid", (phase) => phase.unit], count("start"), count("step"), count("cap"), time("duration_us", "duration"), ["soft_close", softCloseText]],
  sell_off: [time("duration_us", "duration")],
  simultaneous: [["term_items", itemTexts], time("round_us"), time("pause_us"), amount("increment_min"), share("increment_basis_points"), share("activity_basis_points"), count("waivers")],
  turns: [count("rounds"), amount("step"), time("first_pause_us"), time("pause_us"), time("turn_us")],
};

/** The phases of a lot as items of a list, the running one marked. */
export function phaseItems(terms, view) {
  return terms.programme.map((phase, index) => {
    const isRunning = LIVE.has(view.state) && view.phase === index;
    return element("li", { class: isRunning ? "phase phase-running" : "phase", "aria-current": isRunning && "step" },
      element("h4", {}, say(`format_${phase.phase}`), isRunning ? [" ", element("span", { class: "badge badge-open" }, say("phase_running"))] : null),
      element("dl", { class: "terms" }, rows(phase, terms.currency)));
  });
}

function rows(written, currency) {
  const phase = { ...DEFAULTS[written.phase], ...written };
  const money = (minor) => formatAmount(minor, currency);
  const conditions = ["only_if_capped", "only_if_uncapped"].filter((field) => phase[field]).map((field) => ["term_condition", say(`term_${field}`)]);
  const told = ROWS[phase.phase].map(([label, text]) => [label, text(phase, money)]).filter(([, text]) => text);
  return [...conditions, ...told].map(([label, text]) => element("div", {}, element("dt", {}, say(label)), element("dd", {}, text)));
}

function incrementTexts(phase, money) {
  const texts = phase.increments.map(([threshold, increment]) => (phase.increments.length > 1
    ? say("increment_from", { threshold: money(threshold), increment: money(increment) }) : money(increment)));
  return texts.map((text) => element("span", { class: "line" }, text));
}

function softCloseText(phase) {
  if (!phase.soft_close_window_us) return say("none");
  return say("soft_close_text", { window: durationText(phase.soft_close_window_us), extension: durationText(phase.extension_us) });
}

function itemTexts(phase, money) {
  return phase.items.map(({ item, opening_price: price }) => element("span", { class: "line" }, say("term_item", { item, price: money(price) })));
}

function beaconText({ source }) {
  const [zh, en = zh] = source.split(" / ");
  return pick({ zh, en });
}

function rangeText(phase, money) {
  if (!phase.least && phase.most === undefined) return say(`range_${phase.least_is_excluded ? "beyond" : "on"}_${phase.base}`);
  const least = say(phase.least_is_excluded ? "range_above" : "range_from", { amount: money(phase.least) });
  const most = phase.most === undefined || phase.most === null ? "" : say(phase.most_is_excluded ? "range_below" : "range_to", { amount: money(phase.most) });
  return say(`range_of_${phase.base}`, { range: [least, most].filter(Boolean).join(say("range_and")) });
}

function percent(basisPoints) {
  return `${basisPoints / 100} %`;
}
