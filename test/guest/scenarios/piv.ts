import assert from 'node:assert/strict';
import type { Token } from '../../../electron/signers/token.ts';
import { defaultPin, defaultPuk } from '../../simulators/piv-card.ts';
import { onlyToken, pivFinder, pivTokenWithKey, plugged, withPivKey } from '../prepared-tokens.ts';
import { refusal } from '../refusals.ts';
import type { Scenario } from '../scenario.ts';
import { signRoot } from '../sign-root.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Instruction bytes of PIV. */
const instruction = { verifyPin: '20', sign: '87' } as const;

export const pivScenarios: readonly Scenario[] = [
  {
    name: 'PIV: a token plugged in late appears by itself, says who it is, and disappears when it is pulled',
    run: async bench => {
      const finder = pivFinder();
      assert.deepEqual((await finder.find()).tokens, []);
      await bench.tokens.makePivCard('yubikey', { serial: 7_654_321 });
      await bench.tokens.plug('yubikey');
      const token = await onlyToken(finder);
      const { serial, firmware, secrets } = await token.identify();
      assert.equal(serial, '7654321');
      assert.equal(firmware, '5.7.1');
      assert.equal(secrets.find(({ name }) => name === 'pin')?.triesLeft, 3);
      await bench.tokens.pull('yubikey');
      await plugged(finder, 0);
      await refusal(bench, 'token-removed', token.identify());
    },
  },
  {
    name: 'PIV: roots are signed by keys made on the token, P-256 and Ed25519',
    run: async bench => {
      const { token, signer } = await pivTokenWithKey(bench);
      await signRoot(signer, defaultPin);
      // Ed25519 signs the message itself: a command of many packets.
      const other = await withPivKey(token, { algorithm: 'ed25519', slot: '82' });
      await signRoot(other.signer, defaultPin);
      const { slots } = await token.identify();
      const held = slots.flatMap(({ id, key }) => (key ? [`${id} ${key.algorithm} ${key.origin}`] : []));
      assert.deepEqual(held.sort(), ['82 Ed25519 generated', '9c ECDSA P-256 generated']);
    },
  },
  {
    name: 'PIV: commands and replies that end exactly with a USB packet',
    run: async bench => {
      // 52 bytes of data, a status word and CCID's header are one packet of 64.
      const card = { replyBytes: 52 };
      const { signer } = await pivTokenWithKey(bench, { card, key: { algorithm: 'ed25519' } });
      // A message of 42 bytes with its envelope and CCID's header, too.
      for (const length of [41, 42, 43, 42 + 64]) {
        const signature = await signer.sign(new Uint8Array(length), 'sha256', bytes(defaultPin));
        assert.equal(signature.length, 64);
      }
    },
  },
  {
    name: 'PIV: a touch that takes its time',
    run: async bench => {
      const { signer } = await pivTokenWithKey(bench, { key: { touchPolicy: 'always' } });
      assert.equal(signer.asks.touch, true);
      await bench.tokens.touchAfter('yubikey', 3000);
      await signRoot(signer, defaultPin);
    },
  },
  {
    name: 'PIV: a touch that nobody gives',
    run: async bench => {
      const { signer } = await pivTokenWithKey(bench, { key: { touchPolicy: 'always' } });
      await bench.tokens.refuseAfter('yubikey', 1500);
      await refusal(bench, 'token-touch-missed', signRoot(signer, defaultPin));
      await bench.tokens.touchAfter('yubikey', 100);
      await signRoot(signer, defaultPin);
    },
  },
  {
    name: 'PIV: the PIN wrong, then right',
    run: async bench => {
      const { token, signer } = await pivTokenWithKey(bench);
      const wrong = await refusal(bench, 'wrong-pin', signRoot(signer, '654321'));
      assert.match(wrong.message, /2 tries are left/);
      assert.equal(await pinTriesLeft(token), 2);
      await signRoot(signer, defaultPin);
      assert.equal(await pinTriesLeft(token), 3);
    },
  },
  {
    name: 'PIV: the PIN blocked, and set anew by the PUK',
    run: async bench => {
      const { token, signer } = await pivTokenWithKey(bench);
      await refusal(bench, 'wrong-pin', signRoot(signer, '111111'));
      await refusal(bench, 'wrong-pin', signRoot(signer, '222222'));
      await refusal(bench, 'pin-blocked', signRoot(signer, '333333'));
      await refusal(bench, 'pin-blocked', signRoot(signer, defaultPin));
      assert.equal(await pinTriesLeft(token), 0);
      await token.unblockPin?.(bytes(defaultPuk), bytes('864209'));
      await signRoot(signer, '864209');
    },
  },
  {
    name: 'PIV: pulled in the middle of a signature, and plugged in again',
    run: async bench => {
      const { finder, token, publicKey, signer } = await pivTokenWithKey(bench);
      await bench.tokens.pullAt('yubikey', instruction.sign);
      await refusal(bench, 'token-removed', signRoot(signer, defaultPin));
      await plugged(finder, 0);
      await refusal(bench, 'token-removed', signRoot(signer, defaultPin));
      await bench.tokens.plug('yubikey');
      const again = await onlyToken(finder);
      assert.notEqual(again.id, token.id);
      await signRoot(await again.signer(publicKey), defaultPin);
    },
  },
  {
    name: 'PIV: pulled while it waits for a finger',
    run: async bench => {
      const { signer } = await pivTokenWithKey(bench, { key: { touchPolicy: 'always' } });
      await bench.tokens.touchAfter('yubikey', 600_000);
      // Authenticating to make the key is the same instruction.
      await bench.tokens.instructions('yubikey');
      const pulled = async () => {
        await bench.tokens.received('yubikey', instruction.sign);
        await bench.tokens.pull('yubikey');
      };
      await Promise.all([refusal(bench, 'token-removed', signRoot(signer, defaultPin)), pulled()]);
    },
  },
  {
    name: 'PIV: of two tokens the right one signs, and the wrong one is asked for no PIN',
    run: async bench => {
      const first = await pivTokenWithKey(bench, { name: 'first', card: { serial: 1 } });
      await bench.tokens.makePivCard('second', { serial: 2 });
      await bench.tokens.plug('second');
      const both = await plugged(first.finder, 2);
      const second = both.find(({ id }) => id !== first.token.id);
      assert(second);
      await withPivKey(second);
      await bench.tokens.instructions('first');
      await bench.tokens.instructions('second');

      await refusal(bench, 'token-wrong', second.signer(first.publicKey));
      await signRoot(first.signer, defaultPin);
      assert(!(await bench.tokens.instructions('second')).includes(instruction.verifyPin));
      assert((await bench.tokens.instructions('first')).includes(instruction.verifyPin));
    },
  },
];

async function pinTriesLeft(token: Token): Promise<number | undefined> {
  const { secrets } = await token.identify();
  return secrets.find(({ name }) => name === 'pin')?.triesLeft;
}
