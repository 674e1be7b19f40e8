import { defineConfig } from "vitest/config";

/** Suites that start programs or servers, or use one database for all of their tests. */
const WITH_SERVERS = ["test/contract/**/*.test.ts", "test/e2e/**/*.test.ts", "test/sdks/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Its second is not enough for a machine that stands still now and then.
    expect: { poll: { timeout: 10_000 } },
    // Two cores are what the smallest supported machine has.
    maxWorkers: 2,
    projects: [
      // One process for many files: loading the modules anew for each takes as long as their tests. So what a module that
      // tests share does as it loads (a hook, say) is done for the first file alone.
      {
        extends: true,
        test: {
          name: "parts",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...WITH_SERVERS],
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: "servers", include: WITH_SERVERS, globalSetup: ["test/global-setup.ts"] },
      },
    ],
  },
});
