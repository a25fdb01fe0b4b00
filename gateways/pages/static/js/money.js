// Money as people read and write it: whole minor units in, text out, and the other way round.
// Belongs here: digits, grouping, units of ten thousand, 大写. Does not belong here: what may be bid.

const AMOUNT_MAX = 10n ** 15n;
const FRACTION_DIGITS = { JPY: 0, KRW: 0, VND: 0, BHD: 3, KWD: 3 };
const SYMBOLS = { CNY: "¥", USD: "$", EUR: "€", GBP: "£", HKD: "HK$", JPY: "JP¥" };

/** How many digits of the minor unit a currency has. */
export function fractionDigits(currency) {
  return FRACTION_DIGITS[currency] ?? 2;
}

/** Format minor units with symbol and grouped digits; an even amount is shown without fraction unless `isExact`. */
export function formatAmount(minor, currency, { isExact = false } = {}) {
  const sign = minor < 0 ? "−" : "";
  return `${sign}${SYMBOLS[currency] ?? `${currency} `}${plainAmount(Math.abs(minor), currency, { isExact, isGrouped: true })}`;
}

/** Format minor units as bare digits, the way an input field takes them. */
export function plainAmount(minor, currency, { isExact = false, isGrouped = false } = {}) {
  const digits = fractionDigits(currency);
  const text = String(minor).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  const shown = isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return digits && (isExact || /[1-9]/.test(fraction)) ? `${shown}.${fraction}` : shown;
}

/** Write a deposit's reference in groups of four digits, the way people read it out. */
export function groupedReference(reference) {
  return reference.replace(/(.{4})(?=.)/g, "$1 ");
}

const UNITS = { "": 1n, 万: 10n ** 4n, 亿: 10n ** 8n };
const DIGITS = /^(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/;

/**
 * Read what a person typed as minor units, strictly: `{amount}` or `{problem}`.
 *
 * Accepts digits, correctly grouped commas, a decimal part no finer than the minor unit, the currency's symbol
 * or 元 around it, and 万 / 亿 in descending order (1.5万, 1亿2000万). Full-width characters count as their
 * plain forms. Problems: EMPTY, NOT_AN_AMOUNT, TOO_FINE, ZERO, TOO_LARGE.
 */
export function parseAmount(typed, currency) {
  const text = typed.normalize("NFKC").trim().replace(/^(?:[¥$€£]|HK\$|JP¥)\s*/, "").replace(/\s*元整?$/, "");
  if (!text) return { problem: "EMPTY" };
  const parts = splitByUnit(text.replace(/億/g, "亿").replace(/萬/g, "万"));
  if (!parts) return { problem: "NOT_AN_AMOUNT" };
  return total(parts, BigInt(fractionDigits(currency)));
}

function splitByUnit(text) {
  const match = /^(?:([\d,.]+)亿)?(?:([\d,.]+)万)?([\d,.]+)?$/.exec(text);
  if (!match) return null;
  const given = [[match[1], "亿"], [match[2], "万"], [match[3], ""]].filter(([digits]) => digits !== undefined);
  const isSound = given.length > 0 && given.every(([digits], index) => DIGITS.test(digits)
    && (index === given.length - 1 || !digits.includes(".")));
  return isSound ? given : null;
}

function total(parts, fraction) {
  const scale = 10n ** fraction;
  let sum = 0n;
  for (const [digits, unit] of parts) {
    const [whole, decimals = ""] = digits.replace(/,/g, "").split(".");
    const numerator = BigInt(whole + decimals) * UNITS[unit] * scale;
    const denominator = 10n ** BigInt(decimals.length);
    if (numerator % denominator !== 0n) return { problem: "TOO_FINE" };
    sum += numerator / denominator;
  }
  if (sum === 0n) return { problem: "ZERO" };
  return sum > AMOUNT_MAX ? { problem: "TOO_LARGE" } : { amount: Number(sum) };
}

const NUMERALS = "零壹贰叁肆伍陆柒捌玖";
const PLACES = ["", "拾", "佰", "仟"];
const GROUPS = ["", "万", "亿", "万亿"];

/** Write yuan in the capital numerals of cheques (大写): 1_050_000 fen is 壹万零伍佰元整. */
export function capitalAmount(minor) {
  const fen = minor % 10;
  const jiao = Math.floor(minor / 10) % 10;
  const yuan = Math.floor(minor / 100);
  const whole = yuan ? `${capitalWhole(yuan)}元` : "";
  if (!jiao && !fen) return `${whole || "零元"}整`;
  const tenths = jiao ? `${NUMERALS[jiao]}角` : yuan ? "零" : "";
  return whole + tenths + (fen ? `${NUMERALS[fen]}分` : "整");
}

function capitalWhole(yuan) {
  const groups = [];
  for (let rest = yuan; rest > 0; rest = Math.floor(rest / 10000)) groups.push(rest % 10000);
  let text = "";
  let isGap = false;
  for (let index = groups.length - 1; index >= 0; index -= 1) {
    const group = groups[index];
    if (!group) {
      isGap = true;
      continue;
    }
    if (text && (isGap || group < 1000)) text += "零";
    text += capitalGroup(group) + groupName(groups, index);
    isGap = false;
  }
  return text;
}

/** 万亿 is said once: what follows in the group of 亿 carries the 亿, so the higher group then says only 万. */
function groupName(groups, index) {
  return index === 3 && groups[2] ? "万" : GROUPS[index];
}

function capitalGroup(group) {
  let text = "";
  let isGap = false;
  for (let place = 3; place >= 0; place -= 1) {
    const digit = Math.floor(group / 10 ** place) % 10;
    if (!digit) {
      isGap = text !== "";
      continue;
    }
    text += (isGap ? "零" : "") + NUMERALS[digit] + PLACES[place];
    isGap = false;
  }
  return text;
}
