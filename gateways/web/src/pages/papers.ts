import { openPage } from "../house/open";
import PapersPage from "../papers/PapersPage.vue";
import { PAPER_PHRASES } from "../papers/phrases";

void openPage(PapersPage, PAPER_PHRASES);
