// The page for addresses that lead nowhere.

import { beginPage } from "./page.js";

await beginPage();
