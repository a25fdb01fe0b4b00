import { HOST_PHRASES } from "../host/phrases";
import { openPage } from "../house/open";
import { REHEARSAL_PHRASES } from "../rehearsal/phrases";
import RehearsalPage from "../rehearsal/RehearsalPage.vue";

void openPage(RehearsalPage, { ...HOST_PHRASES, ...REHEARSAL_PHRASES });
