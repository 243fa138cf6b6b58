import { defineConfig } from 'vitest/config';

/** For test/e2e/pictures.sh: pictures are made by hand, and are no part of `npm test`. */
export default defineConfig({
  test: { include: ['test/e2e/pictures.ts'], testTimeout: 600_000, hookTimeout: 120_000, pool: 'forks' },
});
