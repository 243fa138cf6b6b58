import assert from 'node:assert/strict';
import { userPin } from '../../simulators/ledger-openpgp.ts';
import { ledgers, ledgerWithKey, onlyToken, pivFinder, plugged } from '../prepared-tokens.ts';
import { refusal } from '../refusals.ts';
import type { Scenario } from '../scenario.ts';
import { signRoot } from '../sign-root.ts';

/** Instruction byte of the OpenPGP application. */
const computeSignature = '2a';

export const ledgerScenarios: readonly Scenario[] = [
  {
    name: 'Ledger: plugged in late beside a YubiKey it appears by itself, and disappears when it is pulled',
    run: async bench => {
      const finder = ledgers();
      await bench.tokens.makePivCard('yubikey');
      await bench.tokens.plug('yubikey');
      await onlyToken(pivFinder());
      assert.deepEqual((await finder.find()).tokens, []);
      await bench.tokens.makeLedger('ledger');
      await bench.tokens.plug('ledger');
      const token = await onlyToken(finder);
      const { product, firmware, secrets } = await token.identify();
      assert.match(product, /Nano S Plus/);
      bench.note(`${product}, ${firmware}`);
      assert.equal(secrets.find(({ name }) => name === 'pin')?.triesLeft, 3);
      assert.equal((await pivFinder().find()).tokens.length, 1);
      await bench.tokens.pull('ledger');
      await plugged(finder, 0);
      await refusal(bench, 'token-removed', token.identify());
    },
  },
  {
    name: 'Ledger: a root is signed with P-256 and approved on the display after a while',
    run: async bench => {
      const { signer } = await ledgerWithKey(bench, { touchPolicy: 'always' });
      assert.equal(signer.asks.touch, true);
      await bench.tokens.touchAfter('ledger', 3000);
      await signRoot(signer, userPin);
      await bench.tokens.refuseAfter('ledger', 100);
      await refusal(bench, 'token-refused', signRoot(signer, userPin));
    },
  },
  {
    name: 'Ledger: a root is signed with Ed25519',
    run: async bench => {
      const { signer } = await ledgerWithKey(bench, { algorithm: 'ed25519' });
      await signRoot(signer, userPin);
    },
  },
  {
    name: 'Ledger: locked, at its dashboard, with the deprecated application open, and with the right one again',
    run: async bench => {
      const { finder, token, publicKey } = await ledgerWithKey(bench);
      await bench.tokens.lock('ledger', true);
      await refusal(bench, 'token-locked', token.identify());
      await bench.tokens.lock('ledger', false);
      await bench.tokens.openApplication('ledger', 'dashboard');
      await refusal(bench, 'token-wrong-application', (await onlyToken(finder)).signer(publicKey));
      await bench.tokens.openApplication('ledger', 'agent');
      const agent = await onlyToken(finder);
      await refusal(bench, 'token-wrong', agent.signer(publicKey));
      const { slots } = await agent.identify();
      const agentKey = slots.find(({ key }) => key)?.key?.publicKey;
      assert(agentKey);
      await signRoot(await agent.signer(agentKey), '');
      await bench.tokens.openApplication('ledger', 'openpgp');
      await signRoot(await (await onlyToken(finder)).signer(publicKey), userPin);
    },
  },
  {
    name: 'Ledger: the PIN wrong, then right',
    run: async bench => {
      const { signer } = await ledgerWithKey(bench);
      const wrong = await refusal(bench, 'wrong-pin', signRoot(signer, '654321'));
      assert.match(wrong.message, /2 tries are left/);
      await signRoot(signer, userPin);
    },
  },
  {
    name: 'Ledger: pulled in the middle of a signature, and plugged in again',
    run: async bench => {
      const { finder, token, publicKey, signer } = await ledgerWithKey(bench);
      await bench.tokens.pullAt('ledger', computeSignature);
      await refusal(bench, 'token-removed', signRoot(signer, userPin));
      await plugged(finder, 0);
      await bench.tokens.plug('ledger');
      const again = await onlyToken(finder);
      assert.notEqual(again.id, token.id);
      await signRoot(await again.signer(publicKey), userPin);
    },
  },
];
