import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// One page with everything inlined: the server serves it, and nothing is loaded from elsewhere.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: {
    outDir: "dist",
    target: "es2022",
    license: false,
    reportCompressedSize: false,
  },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
});
