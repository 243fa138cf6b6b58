import { vi } from 'vitest';

// Within the tests' own process keys are sealed with little work, so that a ceremony with seven keys takes no fourteen
// seconds. Whatever is started as a program (the command line, the window) does the real work.
const workFactor = 10;
vi.mock('../../electron/vault/age-key-file.ts', async importOriginal => {
  const original = await importOriginal<typeof import('../../electron/vault/age-key-file.ts')>();
  return {
    ...original,
    workFactors: { ...original.workFactors, lowest: workFactor },
    measureWorkFactor: () => workFactor,
  };
});
