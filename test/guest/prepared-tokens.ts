import { ledgerFinder } from '../../electron/signers/ledger/finder.ts';
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import type { Signer } from '../../electron/signers/signer.ts';
import type { NewTokenKey, Token, TokenFinder, TokenSecrets } from '../../electron/signers/token.ts';
import { ledgerHidBus } from '../../electron/signers/transport/ledger-hid.ts';
import { usbCcidBus } from '../../electron/signers/transport/usb-ccid.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { adminPin } from '../simulators/ledger-openpgp.ts';
import { defaultManagementKey, type PivCardOptions } from '../simulators/piv-card.ts';
import type { Workbench } from './scenario.ts';
import { until } from './until.ts';

/** Finders as the custodian has them: by the real USB stack. */
export const pivFinder = (): TokenFinder => pivTokens(usbCcidBus());
export const ledgers = (): TokenFinder => ledgerFinder(ledgerHidBus());

/** Asks, as the window does, until so many tokens are there. */
export function plugged(finder: TokenFinder, count: number): Promise<readonly Token[]> {
  return until(`${count} tokens`, async () => {
    const { tokens } = await finder.find();
    return tokens.length === count ? tokens : undefined;
  });
}

export async function onlyToken(finder: TokenFinder): Promise<Token> {
  const [token] = await plugged(finder, 1);
  if (token === undefined) throw new Error('there is no token');
  return token;
}

export interface TokenWithKey {
  readonly finder: TokenFinder;
  readonly token: Token;
  readonly publicKey: PublicKey;
  readonly signer: Signer;
}

/** Plugs a new YubiKey in and makes a key on it. */
export async function pivTokenWithKey(
  bench: Workbench,
  options: {
    readonly name?: string;
    readonly card?: PivCardOptions;
    readonly key?: Partial<NewTokenKey>;
  } = {},
): Promise<TokenWithKey> {
  const { name = 'yubikey' } = options;
  await bench.tokens.makePivCard(name, options.card);
  await bench.tokens.plug(name);
  const finder = pivFinder();
  const token = await onlyToken(finder);
  return { finder, token, ...(await withPivKey(token, options.key)) };
}

/** Makes a key on a YubiKey, in 9C unless told. */
export const withPivKey = (token: Token, asked: Partial<NewTokenKey> = {}) =>
  withKey(token, { slot: '9c', ...asked }, { managementKey: defaultManagementKey(24) });

/** Plugs a new Ledger in and makes a key on it. */
export async function ledgerWithKey(
  bench: Workbench,
  asked: Partial<NewTokenKey> = {},
): Promise<TokenWithKey> {
  await bench.tokens.makeLedger('ledger');
  await bench.tokens.plug('ledger');
  const finder = ledgers();
  const token = await onlyToken(finder);
  const secrets = { puk: new TextEncoder().encode(adminPin) };
  return { finder, token, ...(await withKey(token, { slot: 'signature', ...asked }, secrets)) };
}

async function withKey(
  token: Token,
  asked: Partial<NewTokenKey> & { readonly slot: string },
  secrets: TokenSecrets,
) {
  const request = { algorithm: 'ecdsa-p256', pinPolicy: 'always', touchPolicy: 'never', ...asked } as const;
  const made = await token.generate?.(request, secrets);
  if (made?.publicKey === undefined) throw new Error('no key was made');
  return { publicKey: made.publicKey, signer: await token.signer(made.publicKey) };
}
