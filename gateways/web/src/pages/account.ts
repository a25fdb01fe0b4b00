import AccountPage from "../account/AccountPage.vue";
import { ACCOUNT_PHRASES } from "../admin/phrases";
import { openPage } from "../house/open";
import { IDENTITY_PHRASES } from "../identity/phrases";

void openPage(AccountPage, { ...IDENTITY_PHRASES, ...ACCOUNT_PHRASES });
