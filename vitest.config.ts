import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{word,cpu,kernel,bpf,jit,lab,cli,scripts,test}/**/*.test.ts"],
    globalSetup: ["test/build-dist.ts"],
    testTimeout: 60_000,
  },
});
