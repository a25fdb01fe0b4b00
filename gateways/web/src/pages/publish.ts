import { openPage } from "../house/open";
import { PUBLISH_PHRASES } from "../publish/phrases";
import PublishPage from "../publish/PublishPage.vue";

void openPage(PublishPage, PUBLISH_PHRASES);
