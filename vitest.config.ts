import { defineConfig } from 'vitest/config';
import GuestFirst from './test/setup/guest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: GuestFirst },
    setupFiles: ['./test/setup/cheap-scrypt.ts'],
    reporters: ['default', './test/rules/closing-line-reporter.ts'],
  },
});
