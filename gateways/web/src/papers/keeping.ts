// Keeping papers as one file that needs nothing else: it opens and prints without the exchange.

import { locale } from "../texts/language";
import style from "./papers.css?inline";

const HELD_MS = 10_000;

/** Hand sheets to the browser as a page by itself. */
export function keepSheets(name: string, title: string, sheets: readonly HTMLElement[]): void {
  const address = URL.createObjectURL(new Blob([pageOf(title, sheets)], { type: "text/html;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), HELD_MS);
}

function pageOf(title: string, sheets: readonly HTMLElement[]): string {
  const heading = document.createElement("title");
  heading.textContent = title;
  return `<!doctype html>
<html lang="${locale()}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${heading.outerHTML}
<style>
${style}
</style></head>
<body>
${sheets.map((sheet) => sheet.outerHTML).join("\n")}
</body>
</html>
`;
}
