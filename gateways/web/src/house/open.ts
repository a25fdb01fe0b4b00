// Opening a page: language, words, who is here, then the page itself.

import { createApp, type Component } from "vue";
import { addPhrases, i18n, language, setLanguage, type Phrases } from "../texts/language";
import "./house.css";
import "./light";
import { arrive } from "./me";

/** Show a page in the document's `#page`, with texts that only it needs, once something else is there or has failed. */
export async function openPage(page: Component, phrases: Phrases = {}, awaited: Promise<unknown> = Promise.resolve()): Promise<void> {
  addPhrases(phrases);
  setLanguage(language());
  const [hasArrived] = await Promise.all([arrive(), awaited.catch(() => {})]);
  if (hasArrived) createApp(page).use(i18n).mount("#page");
}
