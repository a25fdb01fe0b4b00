import { FINANCE_PHRASES } from "../finance/phrases";
import FinancePage from "../finance/FinancePage.vue";
import { openPage } from "../house/open";

void openPage(FinancePage, FINANCE_PHRASES);
