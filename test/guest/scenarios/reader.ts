import assert from 'node:assert/strict';
import { run, startPcscd } from '../programs.ts';
import type { Scenario } from '../scenario.ts';

/** The simulated device itself, so that the transport is not tested against our own misunderstanding of CCID. */
export const readerScenarios: readonly Scenario[] = [
  {
    name: "pcscd's driver and Yubico's tool take the simulated token for a real one",
    run: async bench => {
      // yubico-piv-tool 2.2.0 knows a management key of 3DES only.
      await bench.tokens.makePivCard('yubikey', { firmware: [5, 4, 3], managementKey: '3des' });
      await bench.tokens.plug('yubikey');
      const pcscd = await startPcscd(bench);
      try {
        const tool = (...args: string[]) => run(bench, 'yubico-piv-tool', ...args);
        assert.match(await tool('-a', 'status'), /Version:\s+5\.4\.3[\s\S]*PIN tries left:\s+3/);
        const key = await tool('-a', 'generate', '-s', '9c', '-A', 'ECCP256');
        assert.match(key, /-----BEGIN PUBLIC KEY-----/);
      } finally {
        await pcscd.stop();
      }
    },
  },
];
