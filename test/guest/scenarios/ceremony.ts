import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ceremonyFiles, plainPlan } from '../../interop/ceremony-program.ts';
import { adminPin, userPin } from '../../simulators/ledger-openpgp.ts';
import { defaultManagementKey, defaultPin } from '../../simulators/piv-card.ts';
import { ledgers, onlyToken, pivFinder } from '../prepared-tokens.ts';
import { run } from '../programs.ts';
import type { Scenario } from '../scenario.ts';
import { requireVerified } from '../sign-root.ts';

/** As `npm test` has built it; the guest's programs start in the checkout. */
const rootward = 'dist/electron/rootward.cjs';

/** Instruction byte of the Ledger's OpenPGP application. */
const computeSignature = '2a';
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

export const ceremonyScenarios: readonly Scenario[] = [
  {
    name: '`rootward ceremony`: a root by a YubiKey and a Ledger that is pulled within its signature; the command again ends it',
    run: async bench => {
      await bench.tokens.makePivCard('yubikey');
      await bench.tokens.makeLedger('ledger');
      await bench.tokens.plug('yubikey');
      await bench.tokens.plug('ledger');
      await onlyToken(pivFinder());
      await onlyToken(ledgers());

      const key = { keytype: 'ecdsa-p256' } as const;
      const plan = plainPlan({
        threshold: 2,
        thresholdReason: 'Both tokens are to sign here.',
        holders: [
          { name: 'holder-1', custody: 'piv', ...key },
          { name: 'holder-2', custody: 'ledger', ...key },
        ],
        targets: { threshold: 1, holders: [{ name: 'release-desk', custody: 'piv', ...key }] },
      });
      const { command, folder, out, passphrases, vault } = ceremonyFiles(bench.folder, plan);
      const pins = { 'holder-1': defaultPin, 'holder-2': userPin, 'release-desk': defaultPin };
      writeFileSync(passphrases, JSON.stringify(pins));
      const managementKey = Buffer.from(defaultManagementKey(24)).toString('hex');
      const places = {
        'holder-1': { slot: '9c', managementKey },
        'holder-2': { slot: 'signature', puk: adminPin },
        'release-desk': { slot: '9a', managementKey },
      };
      const tokens = path.join(folder, 'tokens.json');
      writeFileSync(tokens, JSON.stringify(places));

      const ceremony = () => run(bench, process.execPath, rootward, ...command, '--tokens', tokens, '--json');
      // A key that was made is tried at once; the second signature is that of the root.
      await bench.tokens.pullAt('ledger', computeSignature, 2);
      await assert.rejects(ceremony(), /"code":"token-removed"/);
      assert(!existsSync(out));

      await bench.tokens.plug('ledger');
      await onlyToken(ledgers());
      const { signatures } = JSON.parse(lastLine(await ceremony()));
      assert.deepEqual(
        signatures.map(({ role, made }: { role: string; made: number }) => `${role} ${made}`),
        ['root 2', 'targets 1'],
      );
      const inFiles = readdirSync(path.join(vault, 'keys')).filter(name => !name.endsWith('.json'));
      assert.deepEqual(inFiles, []);
      const exported = readdirSync(out, { recursive: true, encoding: 'utf8' });
      const root = exported.find(name => name.endsWith('1.root.json'));
      assert(root, exported.join(' '));
      requireVerified(readFileSync(path.join(out, root)));
    },
  },
];
