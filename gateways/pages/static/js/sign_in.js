// Signing in, and the demo accounts where this is a demo.

import { post, sentence } from "./api.js";
import { byId, element, fill, setText } from "./elements.js";
import { onLanguage, say } from "./language.js";
import { beginPage } from "./page.js";

const DEMO_LOGINS = ["bidder1", "bidder2", "bidder3", "host1", "finance1", "admin1"];
const DEMO_PASSWORD = "luochui-demo";
const HOME = { host: "/host", finance: "/finance" };

const me = await beginPage();
drawDemoAccounts();
onLanguage(drawDemoAccounts);
byId("sign-in").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  enter();
});
byId("login").focus();

async function enter() {
  const login = byId("login").value.trim();
  const password = byId("password").value;
  if (!login || !password) {
    setText(byId("problem"), say("fill_both"));
    return;
  }
  byId("submit").disabled = true;
  setText(byId("problem"), "");
  try {
    const { account } = await post("/session", { login, password });
    location.assign(destination(account));
  } catch (error) {
    setText(byId("problem"), sentence(error));
    byId("password").select();
  } finally {
    byId("submit").disabled = false;
  }
}

/** Where to go next: back to the page that asked, only ever on this site, or to the page of one's work. */
function destination(account) {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  const wanted = new URL(next || "/", location.origin);
  if (next && wanted.origin === location.origin) return wanted.pathname + wanted.search;
  return HOME[account.roles.find((role) => HOME[role])] ?? "/";
}

function drawDemoAccounts() {
  byId("demo-accounts").hidden = !me.demo;
  fill(byId("demo-list"), DEMO_LOGINS.map((login) =>
    element("li", {}, element("button", { type: "button", on: { click: () => choose(login) } }, login))));
}

function choose(login) {
  byId("login").value = login;
  byId("password").value = DEMO_PASSWORD;
  byId("submit").focus();
}
