import { randomBytes } from 'node:crypto';
import { type Backup, setName } from '../../../shared/backup/inventory.ts';
import {
  readShare as readShareWords,
  type Share,
  wipeShares,
  wordsOfText,
} from '../../../shared/backup/share.ts';
import {
  addShare as collectShare,
  progressOf,
  type ShareCollection,
} from '../../../shared/backup/share-collection.ts';
import { lastSoundMoment } from '../../../shared/ceremony/base-root.ts';
import type { RestoreView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import { fingerprintFromHex, sha256Hex } from '../../../shared/display/fingerprint.ts';
import { type Root, readRoot } from '../../../shared/tuf/metadata.ts';
import { verifyRoot } from '../../../shared/tuf/verify.ts';
import { verifyTwice } from '../../signers/platform-verifier.ts';
import { openEnvelope } from '../../vault/backup/age-envelope.ts';
import { type Bundle, readBundle } from '../../vault/backup/bundle.ts';
import { wipe } from '../../vault/wipe.ts';
import type { Desk } from '../desk.ts';
import { invalidInput } from '../steps/step.ts';
import type { OpenVault } from '../vaults.ts';
import { forgetShareSlips, noteFailure, shareTyped } from './drill-findings.ts';
import { type BesideNetwork, requireIsolated } from './isolation.ts';
import {
  knowsBundle,
  otherVault,
  refuseBundleOfOther,
  refuseRootOfOther,
  refuseShareOfOther,
} from './kept-apart.ts';
import { recoverableKeys } from './recovered-keys.ts';
import type { Session } from './sessions.ts';
import { custodianOf, setsOfShare } from './share-sets.ts';

/** A recovery under way: what was handed in so far. It is in this process's memory and nowhere else. */
export interface RestoreSession extends Session {
  readonly purpose: 'restore' | 'prove' | 'drill';
  readonly rehearsal: boolean;
  readonly drillId: string | undefined;
  readonly network: 'refuse' | 'warn' | undefined;
  /** Of a network that was present at any time since. */
  beside: BesideNetwork;
  /** In a rehearsal, what was handed in that its vault does not know may be real: it is kept as a real key is. */
  mayBeReal: boolean;
  shares: ShareCollection;
  bundle: OpenedBundle | undefined;
  /** A root somebody handed in, which says which key was recovered. */
  root: { readonly root: Root; readonly repository: string } | undefined;
}

export interface OpenedBundle {
  readonly bundle: Bundle;
  /** The decrypted archive, which `bundle` looks into. */
  readonly archive: Uint8Array;
  /** Of the file, as it was handed in. */
  readonly sha256: string;
}

/** @throws RootwardError `backup-under-way`, `network-present`, `backup-not-found` (the drill), `vault-not-found` */
export async function beginRestore(desk: Desk, request: RequestOf<'beginRestore'>): Promise<RestoreView> {
  const { purpose, rehearsal, drillId, network } = request;
  desk.sessions.refuseSecond('restore');
  if ((purpose === 'drill') !== (drillId !== undefined))
    throw invalidInput('A recovery is a part of a drill, or it is not.');
  if (drillId !== undefined) desk.sessions.of('drill', drillId);
  // Only a restore can do without a vault: it makes one. To prove something is to write it into a journal.
  const opened =
    purpose === 'restore' ? await vaultIfThere(desk, rehearsal) : await desk.vaults.open(rehearsal);
  const beside = requireRecoveryIsolated(desk, opened, { ...request, mayBeReal: false });
  const session: RestoreSession = {
    id: randomBytes(8).toString('hex'),
    purpose,
    rehearsal,
    drillId,
    network,
    beside,
    mayBeReal: false,
    shares: [],
    bundle: undefined,
    root: undefined,
    wipe: () => {
      wipeShares(session.shares);
      wipe(session.bundle?.archive);
    },
  };
  desk.sessions.begin('restore', session);
  return restoreView(desk, session);
}

/**
 * Finds a recovery that goes on. The drill it is a part of must go on too, and no network may have come up since.
 * @throws RootwardError `backup-not-found`, `network-present`
 */
export async function recoveryUnderWay(desk: Desk, restoreId: string): Promise<RestoreSession> {
  const session = desk.sessions.of('restore', restoreId);
  if (session.drillId !== undefined) desk.sessions.of('drill', session.drillId);
  const opened = await vaultIfThere(desk, session.rehearsal);
  await withFindings(desk, session, async () => {
    session.beside = { ...session.beside, ...requireRecoveryIsolated(desk, opened, session) };
  });
  return session;
}

function requireRecoveryIsolated(
  desk: Desk,
  opened: OpenVault | undefined,
  {
    rehearsal,
    network,
    mayBeReal,
  }: Pick<RestoreSession, 'rehearsal' | 'mayBeReal'> & { readonly network?: 'refuse' | 'warn' | undefined },
): BesideNetwork {
  // What the plans of a rehearsal say of networks is said of keys that protect nothing.
  if (mayBeReal) return requireIsolated(desk, { rehearsal: false, ceremonies: new Map() }, [], network);
  const here = opened ?? { rehearsal, ceremonies: new Map() };
  const repositories = [...here.ceremonies.values()].map(({ plan }) => plan.repository);
  return requireIsolated(desk, here, repositories, network);
}

/** From here on the recovery is one of a real key. @throws RootwardError `network-present` */
function treatAsReal(desk: Desk, session: RestoreSession): void {
  try {
    const beside = requireRecoveryIsolated(desk, undefined, { ...session, mayBeReal: true });
    session.beside = { ...session.beside, ...beside };
  } catch (error) {
    if (!(error instanceof RootwardError)) throw error;
    throw new RootwardError(error.code, {
      message: `${error.message} The rehearsal vault does not know what was handed in: it may be a real key.`,
      remedy: error.remedy,
      cause: error,
    });
  }
  session.mayBeReal = true;
}

export async function readRestore(desk: Desk, { restoreId }: { restoreId: string }): Promise<RestoreView> {
  return restoreView(desk, desk.sessions.of('restore', restoreId));
}

/**
 * Takes one share in.
 * @throws RootwardError at once for what is wrong with it: `share-word-unknown`, `share-length`, `share-checksum`,
 *   `share-foreign`, `share-duplicate`, `shares-contradict`, `share-void`, `restore-conflict` (a rehearsal's share where
 *   a real one is wanted, or the other way round); for a file what `openEnvelope` throws
 */
export async function addShare(
  desk: Desk,
  { restoreId, share }: RequestOf<'addShare'>,
): Promise<RestoreView> {
  const session = await recoveryUnderWay(desk, restoreId);
  const typed = 'words' in share ? shareTyped(share.words) : undefined;
  const lost = await withFindings(
    desk,
    session,
    async () => {
      if (session.bundle) throw invalidInput('A bundle is open already.', 'Give it up to begin with shares.');
      const read =
        'words' in share
          ? readWords(share.words)
          : await readShareFile(share.file.bytes, share.identity, share.identityPassphrase);
      try {
        return await takeShare(desk, session, read);
      } catch (error) {
        wipeShares([read]);
        throw error;
      }
    },
    typed,
  );
  // What a drill forbids is no fault of a backup.
  if (lost) throw lost;
  if (typed !== undefined) forgetShareSlips(desk, session, typed);
  return restoreView(desk, session);
}

/** @returns what is wrong with the share in this drill and nowhere else; then it was not taken in */
async function takeShare(
  desk: Desk,
  session: RestoreSession,
  read: Share,
): Promise<RootwardError | undefined> {
  refuseEndlessWork(read);
  const opened = await vaultIfThere(desk, session.rehearsal);
  if (opened) refuseVoid(opened, read);
  const isKnown = opened !== undefined && setsOfShare(opened, read).length > 0;
  if (!isKnown) {
    refuseShareOfOther(await otherVault(desk, session.rehearsal), read);
    if (session.rehearsal) treatAsReal(desk, session);
  }
  const lost = lostInDrill(desk, session, opened, read);
  if (lost) wipeShares([read]);
  else session.shares = collectShare(session.shares, read);
  return lost;
}

/** Trezor's program takes 1 unless told. With 15 this process would be held up for the better part of an hour. */
const highestIterationExponent = 6;

function refuseEndlessWork({ iterationExponent }: Share): void {
  if (iterationExponent <= highestIterationExponent) return;
  throw new RootwardError('too-large', {
    message: `To put this set together takes 10 000 × 2^${iterationExponent} iterations; at most 2^${highestIterationExponent} times as many as in a set of Rootward are done.`,
    remedy: 'Check where this share comes from, and recover with the program that made it.',
  });
}

function readWords(words: Uint8Array): Share {
  return readShareWords(wordsOfText(new TextDecoder().decode(words)));
}

async function readShareFile(
  file: Uint8Array,
  identity: Uint8Array,
  identityPassphrase: Uint8Array | undefined,
): Promise<Share> {
  const opened = await openEnvelope(file, { identity, identityPassphrase });
  try {
    const text = new TextDecoder().decode(opened);
    const words = text.split('\n').filter(line => !line.startsWith('#'));
    return readShareWords(wordsOfText(words.join(' ')));
  } finally {
    wipe(opened);
  }
}

/** A share of a set that was declared void is named as such, before anybody types the next one. */
function refuseVoid(opened: OpenVault, share: Share): void {
  const sets = setsOfShare(opened, share);
  const last = sets.at(-1);
  if (!last?.voided || sets.some(set => !set.voided)) return;
  throw new RootwardError('share-void', {
    message: `Set “${setName(share.identifier)}” was declared void on ${last.voided.time.slice(0, 10)}: ${last.voided.reason}`,
    remedy:
      'Use the set that took its place, and destroy this share. Only where nothing else is left: on a machine without a vault it still restores the key.',
  });
}

function lostInDrill(
  desk: Desk,
  session: RestoreSession,
  opened: OpenVault | undefined,
  share: Share,
): RootwardError | undefined {
  if (session.drillId === undefined) return undefined;
  const { lost } = desk.sessions.of('drill', session.drillId).plan;
  const name = custodianOf(opened, share);
  return lost && name !== undefined && lost.custodians.includes(name)
    ? invalidInput(
        `The share of ${name} is lost in this drill.`,
        'Go on with the shares that are left, or with another backup.',
      )
    : undefined;
}

/**
 * Opens a bundle and reads all of it.
 * @throws RootwardError what `openEnvelope` and `readBundle` throw; `restore-conflict` for a rehearsal's bundle where a
 *   real one is wanted, or the other way round; `share-void` for one that was declared void; `backup-not-found` where
 *   a backup of this vault is to be proven and this is none
 */
export async function addBundle(
  desk: Desk,
  { restoreId, file, opens }: RequestOf<'addBundle'>,
): Promise<RestoreView> {
  const session = await recoveryUnderWay(desk, restoreId);
  return withFindings(desk, session, async () => {
    if (session.bundle || session.shares.length > 0)
      throw invalidInput('This recovery has its backup already.', 'Give it up to begin with another one.');
    const sha256 = sha256Hex(file.bytes);
    const opened = await vaultIfThere(desk, session.rehearsal);
    if (!opened || !knowsBundle(opened, sha256)) {
      refuseBundleOfOther(await otherVault(desk, session.rehearsal), sha256);
      if (session.rehearsal) treatAsReal(desk, session);
    }
    const archive = await openEnvelope(file.bytes, opens);
    try {
      const bundle = readBundle(archive);
      if (bundle.vault.rehearsal !== session.rehearsal) {
        throw new RootwardError('restore-conflict', {
          message: bundle.vault.rehearsal
            ? 'This bundle is a rehearsal’s: its keys were made for practice.'
            : 'This bundle holds real keys, and a rehearsal’s were asked for.',
          remedy: 'Real and rehearsed keys are kept apart. Choose another bundle.',
        });
      }
      if (opened) refuseUnfit(session, opened, bundle, sha256);
      session.bundle = { bundle, archive, sha256 };
    } catch (error) {
      wipe(archive);
      throw error;
    }
    return restoreView(desk, session);
  });
}

function refuseUnfit(session: RestoreSession, opened: OpenVault, bundle: Bundle, sha256: string): void {
  const known = opened.inventory.backups.get(bundle.id);
  if (known?.voided) {
    throw new RootwardError('share-void', {
      message: `This bundle was declared void on ${known.voided.time.slice(0, 10)}: ${known.voided.reason}`,
      remedy: 'Use the backup that took its place, and destroy this one.',
    });
  }
  if (session.purpose === 'restore') return;
  if (known?.backup.kind !== 'bundle' || known.backup.sha256 !== sha256) {
    throw new RootwardError('backup-not-found', {
      message: known
        ? 'This is not the file that was written: its hash is another one.'
        : 'This vault did not make this bundle, or restored an older journal since.',
      remedy: 'Choose a file that the inventory names, with the hash that stands there.',
    });
  }
}

/**
 * Takes in a published root, to know a recovered key by.
 * @throws RootwardError what `readRoot` throws, `verification-failed` when it is not signed as its own role asks,
 *   `restore-conflict` for a rehearsal's root where a real key is wanted, or the other way round
 */
export async function addRoot(
  desk: Desk,
  { restoreId, file, repository }: RequestOf<'addRoot'>,
): Promise<RestoreView> {
  const session = desk.sessions.of('restore', restoreId);
  return withFindings(desk, session, async () => {
    const root = readRoot(file.bytes);
    refuseRootOfOther(session.rehearsal, root);
    const listed = root.roles.get('root')?.keyIds.map(keyId => root.keys.get(keyId)) ?? [];
    const name = repository ?? listed[0]?.certificates[0]?.subjectCommonName;
    if (name === undefined || name === '')
      throw invalidInput('This root does not say which repository it is of.', 'Name the repository.');
    // It may have expired: then it is time that somebody finds its keys.
    const at = lastSoundMoment(root, desk.clock().getTime());
    const { quorums } = verifyRoot(root, undefined, false, { verifier: verifyTwice, at });
    if (!quorums.every(quorum => quorum.met)) {
      throw new RootwardError('verification-failed', {
        message: 'This root is not signed as its own role asks.',
        remedy: 'Fetch the root that clients use, and check it with `rootward verify`.',
      });
    }
    session.root = { root, repository: name };
    return restoreView(desk, session);
  });
}

export function abandonRestore(desk: Desk, { restoreId }: { restoreId: string }): Record<string, never> {
  desk.sessions.of('restore', restoreId);
  desk.sessions.end('restore');
  return {};
}

/** @returns the vault a restore goes into; undefined where there is none */
export async function vaultIfThere(desk: Desk, rehearsal: boolean): Promise<OpenVault | undefined> {
  try {
    return await desk.vaults.open(rehearsal);
  } catch (error) {
    if (error instanceof RootwardError && error.code === 'vault-not-found') return undefined;
    throw error;
  }
}

/**
 * Does something for a recovery; what fails in a drill is kept for its report.
 * @param share what was typed, where it is a share
 */
export async function withFindings<Result>(
  desk: Desk,
  session: RestoreSession,
  work: () => Promise<Result>,
  share?: string,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    noteFailure(desk, session, error, share);
    throw error;
  }
}

export async function restoreView(desk: Desk, session: RestoreSession): Promise<RestoreView> {
  const opened = await vaultIfThere(desk, session.rehearsal);
  const { shares, bundle } = session;
  const progress = progressOf(shares);
  const keys = await recoverableKeys(opened, session);
  const set = shares[0] && opened ? setsOfShare(opened, shares[0]).at(-1) : undefined;
  return {
    restoreId: session.id,
    purpose: session.purpose,
    vault: opened ? 'present' : 'absent',
    ...(progress
      ? {
          shares: {
            set: progress.setName,
            groupThreshold: progress.groupThreshold,
            groups: progress.groups.map(group => ({
              index: group.groupIndex + 1,
              threshold: group.threshold ?? 0,
              given: shares
                .filter(share => share.groupIndex === group.groupIndex)
                .map(share => custodianOf(opened, share) ?? `share ${share.memberIndex + 1}`),
              enough: group.complete,
            })),
            enough: progress.complete,
            missing: progress.needs,
            ...(set ? { backupId: set.id } : {}),
          },
        }
      : {}),
    ...(bundle
      ? {
          bundle: {
            backupId: bundle.bundle.id,
            made: bundle.bundle.created,
            vaultId: bundle.bundle.vault.id,
            rehearsal: bundle.bundle.vault.rehearsal,
            keyForm: bundle.bundle.keyForm,
            sha256: bundle.sha256,
            journal: { entries: bundle.bundle.journal.entries, head: bundle.bundle.journal.head },
            repositories: bundle.bundle.repositories.map(({ name }) => name),
          },
        }
      : {}),
    keys: keys.map(key => ({
      fingerprint: fingerprintFromHex(key.fingerprint),
      algorithm: key.algorithm,
      ...(key.record
        ? { holder: key.record.holder, role: key.record.role, repository: key.record.repository }
        : { role: key.role, repository: session.root?.repository }),
      matched: key.matched,
      sealed: key.sealed,
      ...(key.conflict === undefined ? {} : { conflict: key.conflict }),
    })),
    notices: noticesOf(session, opened, progress?.complete === true && keys.length === 0, set),
    endsAt: desk.sessions.endsAt('restore'),
  };
}

function noticesOf(
  session: RestoreSession,
  opened: OpenVault | undefined,
  isUnknownKey: boolean,
  set: Backup | undefined,
): string[] {
  const { bundle, shares } = session;
  const notices: string[] = [];
  if (isUnknownKey) {
    notices.push(
      'The shares fit together, but nothing here says which key they give. Hand in a published root that lists it.',
    );
  }
  if (opened && shares.length > 0 && !set)
    notices.push('This vault knows no finished set of this name: it was given up, or made by another vault.');
  if (bundle && !opened) {
    notices.push(
      `The vault will be as it was on ${bundle.bundle.created.slice(0, 10)}, when its journal ended with ${bundle.bundle.journal.head}. Compare that with a transcript or the inventory: a bundle encrypted to people can be made by anybody who knows their recipients.`,
    );
  }
  if (bundle?.bundle.leftOut && !opened) {
    const names = bundle.bundle.leftOut.map(({ name }) => name).join(', ');
    notices.push(
      `The published files of ${names} were too large for this bundle. The vault will have no earlier roots to export: fetch them from where they are published.`,
    );
  }
  if (bundle && opened && bundle.bundle.vault.id !== opened.vault.description.id)
    notices.push('This bundle was made by another vault.');
  return notices;
}
