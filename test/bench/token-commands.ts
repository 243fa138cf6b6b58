/**
 * Counts the APDUs of one signature by a token: everything between opening the session and closing it. Prints one JSON
 * line a kind of card. Simulated cards answer what real ones do, in as many APDUs; how long a real one takes nobody
 * has measured here.
 */
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { signAndVerify } from '../../electron/signers/software.ts';
import type { TokenAlgorithm } from '../../electron/signers/token.ts';
import { defaultManagementKey, PivCard, type PivCardOptions } from '../simulators/piv-card.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';

const kinds: readonly {
  readonly token: string;
  readonly options: PivCardOptions;
  readonly algorithm: TokenAlgorithm;
  readonly bytes: number;
}[] = [
  { token: 'YubiKey, firmware 5.7, ECDSA P-256', options: {}, algorithm: 'ecdsa-p256', bytes: 100_000 },
  { token: 'YubiKey, firmware 5.7, Ed25519', options: {}, algorithm: 'ed25519', bytes: 2_000 },
  {
    token: 'YubiKey, firmware 5.2 without METADATA, ECDSA P-256',
    options: { firmware: [5, 2, 4] },
    algorithm: 'ecdsa-p256',
    bytes: 100_000,
  },
  {
    token: 'PIV card without extended length, Ed25519',
    options: { extendedLength: false },
    algorithm: 'ed25519',
    bytes: 2_000,
  },
];

for (const { token: name, options, algorithm, bytes } of kinds) {
  const card = new PivCard({ managementKey: '3des', ...options });
  const bus = new SimulatedBus();
  bus.plug(card, options.extendedLength === false ? { longestCommand: 261 } : {});
  const [token] = (await pivTokens(bus).find()).tokens;
  const request = {
    slot: '9c',
    algorithm,
    pinPolicy: 'always',
    touchPolicy: 'never',
    mayDestroy: true,
  } as const;
  const key = await token?.generate?.(request, { managementKey: defaultManagementKey(24) });
  if (!token || !key?.publicKey) throw new Error(`${name} made no key`);
  await token.identify();
  const before = card.received.length;
  const pin = new TextEncoder().encode('123456');
  await signAndVerify(await token.signer(key.publicKey), new Uint8Array(bytes), 'sha256', pin);
  console.log(
    JSON.stringify({
      figure: 'APDUs of one signature',
      token: name,
      messageBytes: bytes,
      apdus: card.received.length - before,
      sessionsLeftOpen: bus.open,
    }),
  );
}
