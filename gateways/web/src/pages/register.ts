import RegisterPage from "../account/RegisterPage.vue";
import { openPage } from "../house/open";
import { IDENTITY_PHRASES, REGISTER_PHRASES } from "../identity/phrases";

void openPage(RegisterPage, { ...IDENTITY_PHRASES, ...REGISTER_PHRASES });
