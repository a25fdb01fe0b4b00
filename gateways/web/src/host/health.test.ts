import { beforeAll, expect, test } from "vitest";
import type { LotAtDesk, LotCard, LotView } from "../schema";
import { addPhrases, setLanguage } from "../texts/language";
import { byNeed, groupOf, isInNeed, lightsOf, lightText, type Known } from "./health";
import { HOST_PHRASES } from "./phrases";

const NOW_US = 1_000_000_000_000;
const MINUTE_US = 60_000_000;

beforeAll(() => {
  addPhrases(HOST_PHRASES);
  setLanguage("en");
});

function known(view: Partial<LotView>, more: { card?: Partial<LotCard>; desk?: Partial<LotAtDesk>; online?: number } = {}): Known {
  const desk = more.desk ? { lot: 1, awaiting_deposit: 0, admission_pending: 0, admitted: 0, refused: 0, late_reserve: null, ...more.desk } : null;
  const presence = more.online === undefined ? null : { bidders: more.online, watchers: more.online, online: [] };
  const whole = { state: "open", bidders: 3, bids: 0, warnings: 0, fair_warnings_min: 3, host_may_hammer: false, opens_at_us: 0, ends_at_us: NOW_US + MINUTE_US, resumes_at_us: 0, freeze_cause: null, takes_late_reserve: false, ...view };
  return { card: { lot: 1, deposit: 0, deposit_by_us: 0, ...more.card } as LotCard, view: whole as LotView, presence, desk };
}

const taken = (opensBeforeUs: number) => ({ by: 7, opens_before_us: opensBeforeUs, closes_before_us: 0, phase: 0 });
const codes = (one: Known) => lightsOf(one, NOW_US).map(({ code }) => code);

test.each<[string, Known, string[]]>([
  ["a lot that runs", known({}, { online: 3 }), ["running"]],
  ["an end that was not decided", known({ ends_at_us: NOW_US - 3_000_000 }), ["ends_late"]],
  ["an end that has only just come", known({ ends_at_us: NOW_US - 1_000_000 }), ["running"]],
  ["an opening that was missed", known({ state: "announced", opens_at_us: NOW_US - MINUTE_US }), ["opens_late"]],
  ["a lot that the host opens", known({ state: "announced" }), ["to_open"]],
  ["a lot that the host opens, before anybody came", known({ state: "announced", bidders: 0 }), ["awaits_sign_ups"]],
  ["nobody admitted and it opens soon", known({ state: "announced", bidders: 0, opens_at_us: NOW_US + MINUTE_US }), ["nobody_admitted"]],
  ["nobody admitted and it opens tomorrow", known({ state: "announced", bidders: 0, opens_at_us: NOW_US + 1440 * MINUTE_US }), ["awaits_sign_ups"]],
  ["nobody admitted eleven minutes before", known({ state: "announced", bidders: 0, opens_at_us: NOW_US + 11 * MINUTE_US }), ["awaits_sign_ups"]],
  ["somebody admitted for tomorrow", known({ state: "announced", opens_at_us: NOW_US + 1440 * MINUTE_US }), ["ready"]],
  ["nobody admitted on the first of ten days", known({ bidders: 0, ends_at_us: NOW_US + 14_400 * MINUTE_US }), ["running"]],
  ["nobody admitted in the last minutes", known({ bidders: 0 }), ["nobody_admitted"]],
  ["a listing of days whose bidders sleep", known({ ends_at_us: NOW_US + 1440 * MINUTE_US }, { online: 0 }), ["running"]],
  ["bidders gone while the host has the hammer", known({ ends_at_us: 0, host_may_hammer: true }, { online: 2 }), ["some_offline"]],
  ["below the reserve when it may end any moment", known({ bids: 2, has_reserve: true, is_reserve_met: false }), ["below_reserve"]],
  ["below the reserve with hours to go", known({ bids: 2, has_reserve: true, is_reserve_met: false, ends_at_us: NOW_US + 200 * MINUTE_US }), ["running"]],
  ["sign-ups to look at, days ahead", known({ state: "announced", opens_at_us: NOW_US + 9999 * MINUTE_US }, { desk: { admission_pending: 2 } }), ["ready"]],
  ["deposits not due for a day", known({ state: "announced", opens_at_us: NOW_US + 9999 * MINUTE_US }, { card: { deposit: 5, deposit_by_us: NOW_US + 1440 * MINUTE_US }, desk: { awaiting_deposit: 4 } }), ["ready"]],
  ["all bidders gone", known({}, { online: 0 }), ["all_offline"]],
  ["some bidders gone", known({}, { online: 2 }), ["some_offline"]],
  ["nobody known to be there or not", known({}), ["running"]],
  ["paused by the host", known({ state: "frozen", freeze_cause: "host" }), ["held"]],
  ["paused by an outage, goes on by itself", known({ state: "frozen", freeze_cause: "outage", resumes_at_us: NOW_US + 1 }), ["outage"]],
  ["knocked down", known({ state: "knocked_down" }), ["to_confirm"]],
  ["sold", known({ state: "sold" }, { online: 0 }), ["over"]],
  ["warned enough", known({ host_may_hammer: true, ends_at_us: 0, bids: 1, warnings: 3 }), ["may_hammer"]],
  ["a reserve in its time", known({ takes_late_reserve: true, phase: 0 }, { desk: { late_reserve: taken(2 * MINUTE_US) } }), ["reserve_due"]],
  ["a reserve whose time is to come", known({ takes_late_reserve: true, phase: 0 }, { desk: { late_reserve: taken(MINUTE_US / 2) } }), ["running"]],
  ["a reserve whose time has passed", known({ takes_late_reserve: true, phase: 1 }, { desk: { late_reserve: taken(2 * MINUTE_US) } }), ["running"]],
  ["offers to be opened", known({ ends_at_us: 0 }), ["staff_enter"]],
  ["people who wait at the door", known({}, { desk: { admission_pending: 2, refused: 10 } }), ["admission_pending", "refused_many"]],
  ["deposits that are late", known({ state: "announced", opens_at_us: NOW_US + 99 * MINUTE_US }, { card: { deposit: 5, deposit_by_us: NOW_US + MINUTE_US }, desk: { awaiting_deposit: 4 } }), ["deposits_due"]],
])("the lights of %s", (_name, one, expected) => {
  expect(codes(one)).toEqual(expected);
});

test("the gravest light comes first, in words with its figures", () => {
  const lights = lightsOf(known({}, { online: 0, desk: { admission_pending: 1 } }), NOW_US);
  expect(lights.map(({ level }) => level)).toEqual(["bad", "warn"]);
  expect(lightText(lightsOf(known({}, { online: 1 }), NOW_US)[0]!)).toBe("2 of 3 bidders offline");
  expect([isInNeed(lights), isInNeed(lightsOf(known({}), NOW_US))]).toEqual([true, false]);
});

test("lots that need a hand come first, then those that run, then by the nearer moment", () => {
  const at = (lot: number, view: Partial<LotView>, online?: number) => known(view, { card: { lot }, ...(online === undefined ? {} : { online }) });
  const lots = [
    at(1, { state: "announced", opens_at_us: NOW_US + 90 * MINUTE_US }),
    at(2, { ends_at_us: NOW_US + 2 * MINUTE_US }),
    at(3, { ends_at_us: NOW_US + MINUTE_US }),
    at(4, { state: "announced" }),
    at(5, {}, 0),
    at(6, { state: "sold" }),
  ];
  expect(lots.sort(byNeed(NOW_US)).map(({ card }) => card.lot)).toEqual([5, 4, 3, 2, 1, 6]);
});

test.each<[string, Known, string]>([
  ["who waits for the host", known({ state: "announced" }), "needed"],
  ["what runs", known({}), "running"],
  ["what goes on after a notice", known({ state: "frozen", freeze_cause: "host", resumes_at_us: NOW_US + 1 }), "running"],
  ["what opens soon", known({ state: "announced", opens_at_us: NOW_US + 59 * MINUTE_US }), "soon"],
  ["what opens tomorrow", known({ state: "announced", opens_at_us: NOW_US + 1440 * MINUTE_US }), "later"],
  ["what nobody has signed up for, without a time", known({ state: "announced", bidders: 0 }), "later"],
  ["what is over", known({ state: "passed" }), "over"],
])("the group of %s", (_name, one, expected) => {
  expect(groupOf(one.view, lightsOf(one, NOW_US), NOW_US)).toBe(expected);
});
