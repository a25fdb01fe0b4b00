import { openPage } from "../house/open";
import SignInPage from "../account/SignInPage.vue";

void openPage(SignInPage);
