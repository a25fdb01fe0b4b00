// Opening a page: language, words, who is here, then the page itself.

import { createApp, type Component } from "vue";
import { addPhrases, i18n, language, setLanguage, type Phrases } from "../texts/language";
import { loadMessages } from "./api";
import "./house.css";
import "./light";
import { me, whoIsHere } from "./me";

/** Where somebody may go who must choose another password first. */
const OPEN_BEFORE_PASSWORD = ["/account", "/sign-in"];

/** Show a page in the document's `#page`, with texts that only it needs, once something else is there or has failed. */
export async function openPage(page: Component, phrases: Phrases = {}, awaited: Promise<unknown> = Promise.resolve()): Promise<void> {
  addPhrases(phrases);
  setLanguage(language());
  await Promise.all([loadMessages(), whoIsHere(), awaited.catch(() => {})]);
  if (me.value.must_change_password && !OPEN_BEFORE_PASSWORD.includes(location.pathname)) {
    location.replace(`/account?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  createApp(page).use(i18n).mount("#page");
}
