import AdminPage from "../admin/AdminPage.vue";
import { OPERATION_PHRASES } from "../admin/operations";
import { ADMIN_PHRASES } from "../admin/phrases";
import { openPage } from "../house/open";

void openPage(AdminPage, { ...ADMIN_PHRASES, ...OPERATION_PHRASES });
