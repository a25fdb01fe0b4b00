import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import vue from "@vitejs/plugin-vue";
import elementStyles from "unplugin-element-plus/vite";
import { defineConfig, type Plugin } from "vite";

const PAGES = ["account", "admin", "finance", "hall", "host", "lot", "me", "papers", "portal", "publish", "register", "rehearsal", "room", "sign-in"];

/** The pages, each with an address that changes with its content. */
const pages = {
  manifest: "manifest.json",
  // A style that is inlined as data: would be refused by our Content-Security-Policy.
  assetsInlineLimit: 0,
  chunkSizeWarningLimit: 600,
  rolldownOptions: {
    input: Object.fromEntries(PAGES.map((name) => [name, `src/pages/${name}.ts`])),
    output: { entryFileNames: "[name]-[hash].js", chunkFileNames: "[name]-[hash].js", assetFileNames: "[name]-[hash][extname]" },
  },
};

/** The client library for others, under an address that stays. */
const client = {
  emptyOutDir: false,
  lib: { entry: "src/client/index.ts", formats: ["es" as const], fileName: "luochui-client" },
};

/** Beside each script and style a smaller copy, which the server hands to browsers that take it: phones wait for bytes. */
function smallerCopies(): Plugin {
  return {
    name: "smaller-copies",
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle).filter((one) => /\.(js|css)$/.test(one))) {
        const file = join(dir, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [vue(), elementStyles({}), smallerCopies()],
  base: "/assets/",
  define: { __VUE_I18N_FULL_INSTALL__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: { outDir: "dist", target: "es2022", ...(mode === "client" ? client : pages) },
}));
