import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['./test/setup/cheap-scrypt.ts'],
    reporters: ['default', './test/rules/closing-line-reporter.ts'],
  },
});
