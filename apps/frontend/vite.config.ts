import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running server; the built page is served by the server itself. */
const backend = process.env.WEBPLUS_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The pictures in the guides lie beside the guides.
  server: { fs: { allow: ["../.."] }, proxy: { "/api": { target: backend, ws: true } } },
  build: {
    target: "es2022",
    // The Content-Security-Policy allows fonts and scripts from files only, never from data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // A busy machine takes its time to load what a test needs.
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 30_000 },
});
