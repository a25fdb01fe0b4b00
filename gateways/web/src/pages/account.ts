import AccountPage from "../account/AccountPage.vue";
import { ACCOUNT_PHRASES } from "../admin/phrases";
import { openPage } from "../house/open";

void openPage(AccountPage, ACCOUNT_PHRASES);
