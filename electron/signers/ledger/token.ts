import { RootwardError } from '../../../shared/contract/errors.ts';
import { keyAlgorithmInWords, type PublicKey } from '../../../shared/tuf/public-key.ts';
import type { Signer } from '../signer.ts';
import type { Token, TokenDescription, TokenKey } from '../token.ts';
import type { Attachment, Transport } from '../transport/transport.ts';
import { agentPath, readAgentKey, signWithAgent } from './agent.ts';
import {
  agentApplication,
  openPgpApplication,
  type RunningApplication,
  readApplication,
  wrongApplication,
} from './application.ts';
import {
  changeSecret,
  generateWithOpenPgp,
  type OpenPgpState,
  openPgpAlgorithms,
  openPgpSecrets,
  readSignatureKey,
  readState,
  readTouchPolicy,
  requireSameKey,
  selectOpenPgp,
  setPinByAdmin,
  signWithOpenPgp,
} from './openpgp.ts';

/** The one place for a key in the OpenPGP application; the device has three key slots, of which one is chosen on it. */
const openPgpSlot = { id: 'signature', name: 'Signature key' };

/** @returns a Ledger that is plugged in, whichever application is or will be open on it. */
export function ledgerToken(attachment: Attachment): Token {
  /** Of the agent application: asked for once, as each question wants an approval on the display. */
  let agentKey: { readonly publicKey: PublicKey | undefined } | undefined;
  /** The key of the OpenPGP application as it was last described: its signer need not look once more. */
  let openPgpSeen: TokenKey | undefined;
  /** Of the OpenPGP application alone: the agent might ask its holder. */
  let mayChange = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One task after the other, each in a session of its own. */
  const inSession = <Result>(task: (transport: Transport) => Promise<Result>): Promise<Result> => {
    const run = last.then(async () => {
      const transport = await attachment.connect();
      try {
        return await task(transport);
      } finally {
        await transport.close();
      }
    });
    last = run.catch(() => {});
    return run;
  };

  const askAgentKey = async (transport: Transport): Promise<PublicKey> => {
    const publicKey = await readAgentKey(transport);
    agentKey = { publicKey };
    return publicKey;
  };

  /**
   * Asks once; refused or left alone, the device is not asked again by itself.
   * @throws RootwardError `token-refused`
   */
  const lookForAgentKey = async (transport: Transport): Promise<PublicKey> => {
    if (agentKey === undefined) {
      try {
        return await askAgentKey(transport);
      } catch (error) {
        if (!(error instanceof RootwardError) || !['token-refused', 'token-silent'].includes(error.code))
          throw error;
        agentKey = { publicKey: undefined };
      }
    }
    if (agentKey?.publicKey) return agentKey.publicKey;
    throw new RootwardError('token-refused', {
      message: `The ${agentApplication} on this Ledger was not allowed on the display to show its public key.`,
      remedy: 'Unplug it, plug it in again, and approve on the display that it shows its public key.',
    });
  };

  return {
    id: attachment.id,
    custody: 'ledger',
    product: attachment.product,
    get mayChange() {
      return mayChange;
    },

    identify: () =>
      inSession(async transport => {
        openPgpSeen = undefined;
        const running = await readApplication(transport);
        mayChange = running.name === openPgpApplication;
        switch (running.name) {
          case openPgpApplication: {
            const description = await describeOpenPgp(attachment, running, transport);
            openPgpSeen = description.slots[0]?.key;
            return description;
          }
          case agentApplication:
            return describeAgent(attachment, running, await lookForAgentKey(transport));
          default:
            throw wrongApplication(running);
        }
      }),

    signer: async publicKey => {
      // SECURITY: the key is looked at again before the PIN is used; this only spares looking twice.
      if (openPgpSeen?.publicKey?.fingerprint === publicKey.fingerprint)
        return openPgpSigner(inSession, publicKey, openPgpSeen.touchPolicy === 'always');
      return inSession(async transport => {
        const running = await readApplication(transport);
        switch (running.name) {
          case openPgpApplication: {
            await selectOpenPgp(transport);
            requireSameKey(await readSignatureKey(transport), publicKey);
            const touch = await readTouchPolicy(transport);
            return openPgpSigner(inSession, publicKey, touch === 'always');
          }
          case agentApplication: {
            const found = agentKey?.publicKey ?? (await askAgentKey(transport));
            requireSameKey(found, publicKey);
            return agentSigner(inSession, publicKey);
          }
          default:
            throw wrongApplication(running);
        }
      });
    },

    generate: (request, { puk }) =>
      inSession(async transport => {
        openPgpSeen = undefined;
        await requireOpenPgp(transport);
        const publicKey = await generateWithOpenPgp(transport, request, requireAdmin(puk));
        return openPgpKey(publicKey, request.pinPolicy, request.touchPolicy);
      }),

    changePin: (current, next) =>
      inSession(async transport => {
        await requireOpenPgp(transport);
        await changeSecret(transport, openPgpSecrets.pin, current, next);
      }),

    changePuk: (current, next) =>
      inSession(async transport => {
        await requireOpenPgp(transport);
        await changeSecret(transport, openPgpSecrets.admin, current, next);
      }),

    unblockPin: (puk, next) =>
      inSession(async transport => {
        await requireOpenPgp(transport);
        await setPinByAdmin(transport, puk, next);
      }),
  };
}

type InSession = <Result>(task: (transport: Transport) => Promise<Result>) => Promise<Result>;

const openPgpSigner = (inSession: InSession, publicKey: PublicKey, touch: boolean): Signer => ({
  custody: 'ledger',
  publicKey,
  asks: { secret: 'pin', touch },
  sign: (message, hash, pin, onTouch) =>
    inSession(transport =>
      signWithOpenPgp(transport, publicKey, message, hash, pin, touch ? onTouch : undefined),
    ),
});

const agentSigner = (inSession: InSession, publicKey: PublicKey): Signer => ({
  custody: 'ledger',
  publicKey,
  asks: { secret: 'none', touch: true },
  sign: (message, hash, _secret, onTouch) =>
    inSession(transport => {
      onTouch?.();
      return signWithAgent(transport, message, hash);
    }),
});

async function describeOpenPgp(
  attachment: Attachment,
  running: RunningApplication,
  transport: Transport,
): Promise<TokenDescription> {
  await selectOpenPgp(transport);
  const state = await readState(transport);
  const found = await readSignatureKey(transport);
  const key =
    found === 'empty'
      ? undefined
      : openPgpKey(
          found === 'other' ? undefined : found,
          state.pinForEach ? 'always' : 'once',
          await readTouchPolicy(transport),
        );
  return {
    custody: 'ledger',
    product: productOf(attachment, running),
    serial: state.serial,
    firmware: `${running.name} ${running.version}`,
    secrets: secretsOf(state),
    slots: [{ ...openPgpSlot, key }],
    algorithms: openPgpAlgorithms,
    abilities: ['generate', 'change-pin', 'change-puk', 'unblock-pin'],
    warnings: [
      'An update of the device or of its OpenPGP application wipes its keys. A key that Rootward had it make comes from its 24 words (seed mode), and can be made again with the same words in the same key slot; a key made in another way is lost.',
      'Whoever has the 24 words of this device can make its keys.',
      'The PUK of this application is called its admin PIN; neither is the PIN that unlocks the device.',
    ],
  };
}

const secretsOf = ({ tries }: OpenPgpState): TokenDescription['secrets'] => [
  { name: 'pin', triesLeft: tries.pin, triesTotal: 3, isDefault: undefined },
  { name: 'puk', triesLeft: tries.admin, triesTotal: 3, isDefault: undefined },
];

/** @param publicKey undefined: RSA, the kind of a fresh application, which Rootward does not sign with here */
const openPgpKey = (
  publicKey: PublicKey | undefined,
  pinPolicy: TokenKey['pinPolicy'],
  touchPolicy: TokenKey['touchPolicy'],
): TokenKey => ({
  publicKey,
  algorithm: publicKey ? keyAlgorithmInWords(publicKey) : 'RSA',
  // The application takes keys in too, and does not tell which these are.
  origin: 'unknown',
  pinPolicy,
  touchPolicy,
  certificate: undefined,
});

function describeAgent(
  attachment: Attachment,
  running: RunningApplication,
  publicKey: PublicKey,
): TokenDescription {
  return {
    custody: 'ledger',
    product: productOf(attachment, running),
    serial: undefined,
    firmware: `${running.name} ${running.version}`,
    secrets: [],
    slots: [
      {
        id: agentPath,
        name: `Path ${agentPath}`,
        key: {
          publicKey,
          algorithm: 'ECDSA P-256',
          origin: 'generated',
          pinPolicy: 'never',
          touchPolicy: 'always',
          certificate: undefined,
        },
      },
    ],
    algorithms: ['ecdsa-p256'],
    abilities: [],
    warnings: [
      'The application SSH/PGP Agent is no longer maintained by Ledger. Use the OpenPGP application for new keys.',
      'Its key comes from the 24 words of this device: whoever has them can make it.',
    ],
  };
}

/** The device's own name, or just what it is; then the application. */
const productOf = ({ product }: Attachment, { name }: RunningApplication): string =>
  `${product === '' ? 'Ledger' : product}, ${name}`;

async function requireOpenPgp(transport: Transport): Promise<void> {
  const running = await readApplication(transport);
  if (running.name === openPgpApplication) return;
  if (running.name !== agentApplication) throw wrongApplication(running);
  throw new RootwardError('token-not-capable', {
    message: 'The application SSH/PGP Agent has one key, made from the 24 words of the device, and no PIN.',
    remedy: 'Open the OpenPGP application on the Ledger, or take the key that is there.',
  });
}

function requireAdmin(admin: Uint8Array | undefined): Uint8Array {
  if (admin) return admin;
  throw new RootwardError('pin-needed', {
    message: 'The OpenPGP application makes a key only after its admin PIN.',
    remedy: 'Type the admin PIN. No try was spent.',
  });
}
