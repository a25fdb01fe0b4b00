import AdminPage from "../admin/AdminPage.vue";
import { IDENTITY_OFFICE_PHRASES } from "../admin/identity_phrases";
import { OPERATION_PHRASES } from "../admin/operations";
import { ADMIN_PHRASES } from "../admin/phrases";
import { openPage } from "../house/open";

void openPage(AdminPage, { ...ADMIN_PHRASES, ...OPERATION_PHRASES, ...IDENTITY_OFFICE_PHRASES });
