// What a script adds to the pages that the server has written whole: who is here, live cards, charts, sharing.
// Belongs here: improving what is there. Does not belong here: anything without which a page could not be read.

import { createApp } from "vue";
import "../house/house.css";
import "../house/light";
import { whoIsHere } from "../house/me";
import SiteHeader from "../house/SiteHeader.vue";
import { addPhrases, i18n, setLanguage, type Language } from "../texts/language";
import { keepLive } from "./cards";
import { PORTAL_PHRASES } from "./phrases";
import "./portal.css";
import "./notice.css";
import "./print.css";
import { comeBack } from "./return";
import { offerSharing } from "./share";

/** Improve the page. */
export async function openPortal(): Promise<void> {
  addPhrases(PORTAL_PHRASES);
  // The server has chosen the language; a switch asks it again.
  i18n.global.locale.value = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  offerSharing(document);
  keepLive(document);
  if (document.getElementById("unavailable")) comeBack();
  const charts = document.querySelectorAll<HTMLElement>("[data-chart]");
  if (charts.length) void import("./charts").then(({ drawCharts }) => drawCharts(charts));
  await whoIsHere();
  const held = document.activeElement?.closest<HTMLElement>("#frame a");
  createApp(SiteHeader, { onLanguage: switchTo }).use(i18n).mount("#frame");
  if (held) refocus(held);
}

/** Give the keyboard back the place in the header that it had. */
function refocus(held: HTMLElement): void {
  const same = held.id ? `#${held.id}` : `a[href="${held.getAttribute("href") ?? ""}"]`;
  document.querySelector<HTMLElement>(`#frame ${same}`)?.focus();
}

/** Ask for this page in another language; the browser keeps the place on it. */
function switchTo(next: Language): void {
  setLanguage(next);
  const address = new URL(location.href);
  if (!address.searchParams.has("lang")) {
    location.reload();
    return;
  }
  address.searchParams.delete("lang");
  location.replace(address);
}
