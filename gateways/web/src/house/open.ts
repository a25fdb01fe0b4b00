// Opening a page: language, words, who is here, then the page itself.

import { createApp, type Component } from "vue";
import { addPhrases, i18n, language, setLanguage, type Phrases } from "../texts/language";
import { loadMessages } from "./api";
import "./house.css";
import "./light";
import { whoIsHere } from "./me";

/** Show a page in the document's `#page`, with texts that only it needs. */
export async function openPage(page: Component, phrases: Phrases = {}): Promise<void> {
  addPhrases(phrases);
  setLanguage(language());
  await Promise.all([loadMessages(), whoIsHere()]);
  createApp(page).use(i18n).mount("#page");
}
