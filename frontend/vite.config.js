import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";

// Django reads dist/manifest.json (django-vite) and serves dist/ under /static/vite/.
export default defineConfig({
  base: "./",
  plugins: [tailwindcss()],
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["src/main.js", "src/board.js", "src/desk.js", "src/phone.js"],
    },
  },
});
