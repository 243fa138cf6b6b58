import { custodyInWords } from '../../../shared/ceremony/custody.ts';
import { isDestructionUntold } from '../../../shared/ceremony/key-places.ts';
import type { KeyRecord } from '../../../shared/ceremony/key-record.ts';
import { RootwardError, reportError } from '../../../shared/contract/errors.ts';
import type { TokenKeyOwner, TokenSettings, TokensView, TokenView } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import { readCertificate } from '../../../shared/tuf/certificate.ts';
import { parsePem } from '../../../shared/tuf/pem.ts';
import type { TokenDescription, TokenKey } from '../../signers/token.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';
import { shownText as text } from './shown-token.ts';
import type { KnownToken, Survey } from './token-desk.ts';

/**
 * The tokens that are plugged in, with whose keys they hold. Cheap: to be asked about each second, and while another
 * request is under way, so it opens no vault.
 */
export async function describeTokens(desk: Desk): Promise<TokensView> {
  await takeUpSettings(desk);
  return tokensView(desk, await desk.tokens.glance());
}

/**
 * Keeps which modules and authorities are used, and looks again.
 * @throws RootwardError `invalid-value` for an authority that is not a certificate: found out when a key was just made,
 *   it would be in the way of the ceremony
 */
export async function configureTokens(
  desk: Desk,
  { settings }: { readonly settings: TokenSettings },
): Promise<TokensView> {
  for (const authority of settings.authorities) requireCertificate(authority);
  const opened = await desk.vaults.open(false);
  await opened.vault.storeTokenSettings(settings);
  return describeTokens(desk);
}

function requireCertificate({ name, certificate }: TokenSettings['authorities'][number]): void {
  try {
    const found = parsePem(certificate);
    for (const { bytes } of found) readCertificate(bytes);
    if (found.length > 0) return;
  } catch (error) {
    if (!(error instanceof RootwardError)) throw error;
  }
  throw new RootwardError('invalid-value', {
    message: `What was named as the certificate of ${text(name)} is none.`,
    remedy: 'Choose the certificate of the maker’s attestation authority, in PEM. Nothing was changed.',
  });
}

/** The real vault's settings serve rehearsals too: it is the same desk. Until a vault is open there are none. */
export async function takeUpSettings(desk: Desk): Promise<void> {
  const real = desk.vaults.opened.find(({ rehearsal }) => !rehearsal);
  const stored = await real?.vault.readTokenSettings();
  desk.tokens.settings = {
    modules: [...new Set([...(stored?.modules ?? []), ...desk.modules])],
    authorities: [...(stored?.authorities ?? [])],
  };
}

export async function tokensView(desk: Desk, { tokens, unsupported }: Survey): Promise<TokensView> {
  const kept = (await Promise.all(desk.vaults.opened.map(keptIn))).flat();
  return {
    tokens: tokens.map(token => tokenView(token, kept)),
    unsupported: unsupported.map(({ custody, problem }) => ({ custody, problem: reportError(problem) })),
    busy: desk.tokens.busy,
    settings: desk.tokens.settings,
  };
}

type KeptKey = KeyRecord & Pick<TokenKeyOwner, 'file'>;

async function keptIn({ vault }: OpenVault): Promise<KeptKey[]> {
  const sealed = new Set(await vault.listSealed());
  const fileOf = (record: KeyRecord): TokenKeyOwner['file'] => {
    if (sealed.has(record.fingerprint)) return 'here';
    return isDestructionUntold(record, vault.journal.entries) ? 'destruction-untold' : undefined;
  };
  return (await vault.listKeys()).map(record => ({ ...record, file: fileOf(record) }));
}

function tokenView(
  { token, state, description, problem }: KnownToken,
  records: readonly KeptKey[],
): TokenView {
  const common = {
    id: token.id,
    custody: token.custody,
    state,
    ...(problem ? { problem: reportError(problem) } : {}),
  };
  if (!description) {
    const product = text(token.product) || custodyInWords[token.custody];
    return { ...common, product, secrets: [], slots: [], keytypes: [], abilities: [], advice: [] };
  }
  return {
    ...common,
    product: text(description.product || token.product) || custodyInWords[token.custody],
    ...(description.serial === undefined ? {} : { serial: text(description.serial) }),
    ...(description.firmware === undefined ? {} : { firmware: text(description.firmware) }),
    secrets: description.secrets.map(({ name, triesLeft, triesTotal, isDefault }) => ({
      name,
      ...(triesLeft === undefined ? {} : { triesLeft }),
      ...(triesTotal === undefined ? {} : { triesTotal }),
      ...(isDefault === undefined ? {} : { isDefault }),
    })),
    slots: description.slots.map(({ id, name, key, mayHoldKey }) => ({
      id,
      name: text(name),
      ...(mayHoldKey ? { mayHoldKey } : {}),
      ...(key ? { key: keyView(key, records) } : {}),
    })),
    keytypes: (['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const).filter(keytype =>
      description.algorithms.includes(keytype),
    ),
    abilities: abilitiesNow(description),
    advice: adviceFor(description),
  };
}

type KeyView = NonNullable<TokenView['slots'][number]['key']>;

function keyView(key: TokenKey, records: readonly KeptKey[]): KeyView {
  const { publicKey, algorithm, origin, pinPolicy, touchPolicy, certificate } = key;
  return {
    ...(publicKey ? { fingerprint: publicKey.fingerprint } : {}),
    ...(publicKey && publicKey.algorithm !== 'rsa' ? { keytype: publicKey.algorithm } : {}),
    algorithm: text(algorithm),
    origin,
    pinPolicy,
    touchPolicy,
    hasCertificate: certificate !== undefined,
    owners: records
      .filter(record => record.fingerprint === publicKey?.fingerprint)
      .map(({ holder, role, repository, rehearsal, file }) => ({
        holder,
        role,
        repository,
        rehearsal,
        ...(file ? { file } : {}),
      })),
  };
}

const secretInWords = { pin: 'PIN', puk: 'PUK', 'management-key': 'management key' } as const;

const isBlocked = (
  secrets: TokenDescription['secrets'],
  wanted: TokenDescription['secrets'][number]['name'],
): boolean => secrets.some(({ name, triesLeft }) => name === wanted && triesLeft === 0);

/** What a token can do now: a PUK that is blocked opens nothing any more. */
const abilitiesNow = ({ abilities, secrets }: TokenDescription): TokenView['abilities'] =>
  abilities.filter(
    ability => !isBlocked(secrets, 'puk') || (ability !== 'unblock-pin' && ability !== 'change-puk'),
  );

function adviceFor({ secrets, warnings }: TokenDescription): TokenView['advice'] {
  const advice: TokenView['advice'] = [];
  const warn = (message: string): void => void advice.push({ message, severity: 'warning' });
  const pukIsBlocked = isBlocked(secrets, 'puk');
  for (const { name, triesLeft } of secrets) {
    const word = secretInWords[name];
    if (triesLeft === 0)
      warn(
        name === 'pin'
          ? pukIsBlocked
            ? 'The PIN is blocked, and so is what could set a new one: only a reset frees the token, which destroys its keys.'
            : 'The PIN is blocked. Whoever has the PUK can set a new one.'
          : `The ${word} is blocked.`,
      );
    else if (triesLeft === 1) warn(`One try is left for the ${word}. Another wrong one blocks it.`);
  }
  for (const { name, isDefault } of secrets) {
    if (isDefault)
      warn(
        `The ${secretInWords[name]} is still the one every token is sold with: anybody knows it. Change it before a key is made here.`,
      );
  }
  return [
    ...advice,
    ...warnings.map(message => ({ message: visible(message, 500), severity: 'notice' as const })),
  ];
}
