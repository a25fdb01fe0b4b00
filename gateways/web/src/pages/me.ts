import { openPage } from "../house/open";
import { ACCOUNT_PHRASES } from "../account/phrases";
import { SIGN_UP_PHRASES } from "../signup/phrases";
import MyLotsPage from "../account/MyLotsPage.vue";

void openPage(MyLotsPage, { ...SIGN_UP_PHRASES, ...ACCOUNT_PHRASES });
