// What every page has: header with navigation, language switch, who is signed in, the demo label, the footer.

import { ApiError, get, loadMessages, remove, sentence } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { half, language, onLanguage, say, setLanguage, translate } from "./language.js";

export const FINANCE = ["finance", "cashier", "checker", "accountant", "auditor"];
const STAFF = ["host", "admin", ...FINANCE];

/** Begin a page: say its texts, show the header, and return who is here: `{account, demo, version}`. */
export async function beginPage() {
  translate();
  watchNetwork();
  const [me] = await Promise.all([whoIsHere(), loadMessages()]);
  const draw = () => {
    drawHeader(me);
    drawFooter(me);
  };
  draw();
  onLanguage(draw);
  return me;
}

/** Tell whether the account has one of the roles. */
export function hasRole(me, ...roles) {
  return roles.some((role) => me.account?.roles.includes(role));
}

/** Address of the sign-in page that leads back here. */
export function signInAddress() {
  return `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** Show one line with what is going on in place of the page's content; empty hides it. */
export function showStatus(node, text, { isBad = false } = {}) {
  setText(node, text);
  node.hidden = !text;
  node.classList.toggle("notice-bad", isBad);
}

/** Show, in place of the content, that this page is for others; true when it is. */
export function isKeptOut(me, node, ...roles) {
  if (me.account && hasRole(me, ...roles)) return false;
  const draw = () => {
    const link = element("a", { href: signInAddress(), class: "button" }, say("sign_in"));
    node.hidden = false;
    fill(node, say(me.account ? "not_your_role" : "sign_in_first"), " ", link);
  };
  draw();
  onLanguage(draw);
  return true;
}

async function whoIsHere() {
  try {
    return await get("/me");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { account: null, demo: false, version: "" };
  }
}

function drawHeader(me) {
  const brand = element("a", { href: "/", class: "brand" },
    element("img", { src: "/static/seal.svg", alt: "", width: 28, height: 28 }),
    element("span", {}, say("brand")));
  const demo = me.demo && element("span", { class: "demo-label", title: say("demo_hint") }, say("demo"));
  const places = element("nav", { "aria-label": say("navigation"), class: "places" }, navigation(me));
  fill(byId("site-header"), brand, demo, places, element("div", { class: "who" }, languageSwitch(), ...person(me)));
}

function navigation(me) {
  const links = [["/", "catalogue"]];
  if (hasRole(me, "bidder")) links.push(["/me", "my_sign_ups"]);
  if (hasRole(me, "host", "admin")) links.push(["/host", "host_console"]);
  if (hasRole(me, ...FINANCE)) links.push(["/finance", "finance"]);
  return links.map(([href, key]) =>
    element("a", { href, "aria-current": location.pathname === href ? "page" : null }, say(key)));
}

function languageSwitch() {
  const other = language() === "zh" ? "en" : "zh";
  const label = other === "zh" ? "中文" : "English";
  return element("button", { type: "button", class: "plain", id: "language", lang: other, on: { click: () => setLanguage(other) } }, label);
}

function person(me) {
  if (!me.account) {
    return location.pathname === "/sign-in" ? [] : [element("a", { href: signInAddress(), class: "button" }, say("sign_in"))];
  }
  const roles = me.account.roles.filter((role) => STAFF.includes(role)).map((role) => say(`role_${role}`));
  const name = [half(me.account.name), ...roles].join(" · ");
  return [
    element("span", { class: "name", id: "signed-in-as" }, name),
    element("button", { type: "button", class: "plain", id: "sign-out", on: { click: signOut } }, say("sign_out")),
  ];
}

async function signOut() {
  try {
    await remove("/session");
  } catch (error) {
    if (error.code !== "NOT_SIGNED_IN") {
      showStrip(sentence(error));
      return;
    }
  }
  location.assign("/");
}

function drawFooter(me) {
  fill(byId("site-footer"), element("span", {}, say("footer")), me.version ? element("span", {}, `v${me.version}`) : null,
    element("a", { href: "/api/v1/openapi.json" }, say("api_document")));
}

function watchNetwork() {
  const strip = byId("offline");
  const show = () => {
    strip.hidden = navigator.onLine;
    setText(strip, say("offline_strip"));
  };
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
}

function showStrip(text) {
  const strip = byId("offline");
  setText(strip, text);
  strip.hidden = false;
}
