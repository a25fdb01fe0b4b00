// Handing on the address of a page: by what the device offers, else by copying it.

import { say } from "../texts/language";

const SAID_MS = 3000;

/** Let the buttons that are there for it share this page. */
export function offerSharing(root: ParentNode): void {
  if (!("share" in navigator) && !("clipboard" in navigator)) return;
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-share]")) {
    button.hidden = false;
    button.addEventListener("click", () => void share(button));
  }
}

async function share(button: HTMLButtonElement): Promise<void> {
  const url = document.querySelector<HTMLLinkElement>("link[rel=canonical]")?.href ?? location.href;
  try {
    if ("share" in navigator) await navigator.share({ title: document.title, url });
    else await copy(button, url);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // the reader has changed his mind, or the browser forbids it
  }
}

async function copy(button: HTMLButtonElement, url: string): Promise<void> {
  const { clipboard } = navigator as Navigator;
  await clipboard.writeText(url);
  const said = button.textContent;
  button.textContent = say("copied");
  setTimeout(() => {
    button.textContent = said;
  }, SAID_MS);
}
