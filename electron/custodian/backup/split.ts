import { randomBytes } from 'node:crypto';
import type { ShareSet } from '../../../shared/backup/events.ts';
import { setName, shareSetProblem } from '../../../shared/backup/inventory.ts';
import { type Share, wipeShares, wordsOf, wordsOfText } from '../../../shared/backup/share.ts';
import { shareableSecret } from '../../../shared/backup/shareable.ts';
import { defaultIterationExponent, splitSecret } from '../../../shared/backup/slip39.ts';
import { placeOfWord } from '../../../shared/backup/slip39-words.ts';
import { shareSetView } from '../../../shared/backup/view.ts';
import type { KeyRecord } from '../../../shared/ceremony/key-record.ts';
import type { DialectName } from '../../../shared/ceremony/plan.ts';
import type { BackupsView, ShareView, SplitView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { FileInput, ReplyOf, RequestOf } from '../../../shared/contract/requests.ts';
import { fingerprintFromHex, sha256Hex } from '../../../shared/display/fingerprint.ts';
import { readPkcs8Pem } from '../../signers/pkcs8.ts';
import { withOpenedKey } from '../../vault/age-key-file.ts';
import { checkRecipient, sealEnvelope } from '../../vault/backup/age-envelope.ts';
import { wipe } from '../../vault/wipe.ts';
import type { Desk } from '../desk.ts';
import { invalidInput } from '../steps/step.ts';
import type { OpenVault } from '../vaults.ts';
import { backupsOfVault } from './describe-backups.ts';
import { type BesideNetwork, requireIsolated } from './isolation.ts';
import { requireKeyOf } from './recover.ts';
import type { Session } from './sessions.ts';

/** One share, on its way to its custodian. */
interface OutgoingShare {
  readonly number: number;
  readonly custodian: string;
  readonly recipient: string | undefined;
  /** Wiped as soon as it is out. */
  readonly share: Share;
  done: boolean;
  /** SHA-256 of the age file it was handed out as. */
  handedOut: string | undefined;
}

/**
 * A key split into shares that are not all out yet. It is here and nowhere else: whatever ends this process before
 * `finishSplit` leaves the vault as it was, and the words already written down belong to no set.
 */
export interface SplitSession extends Session {
  readonly rehearsal: boolean;
  /** What people decided about networks when they began. */
  readonly network: 'refuse' | 'warn' | undefined;
  /** Of a network that was present at any time since. */
  beside: BesideNetwork;
  readonly record: KeyRecord;
  /** Of the key's repository, for the key ID on paper. */
  readonly dialect: DialectName;
  readonly set: ShareSet;
  readonly outgoing: readonly OutgoingShare[];
}

/**
 * Opens a key and splits it; the key itself is wiped before this returns.
 * @throws RootwardError `backup-under-way`, `unsupported-key`, `invalid-value`, `wrong-passphrase`, `network-present`
 */
export async function beginSplit(desk: Desk, request: RequestOf<'beginSplit'>): Promise<SplitView> {
  const { rehearsal, fingerprint, passphrase, groupThreshold, groups, network } = request;
  desk.sessions.refuseSecond('split');
  const opened = await desk.vaults.open(rehearsal);
  const { record, sealed } = await opened.vault.readKey(fingerprint);
  if (!shareableSecret(record.algorithm)) {
    throw new RootwardError('unsupported-key', {
      message: `A key of the kind ${record.algorithm} does not fit into shares on paper.`,
      remedy: 'Make a bundle of it.',
    });
  }
  const beside = requireIsolated(desk, opened, [record.repository], network);
  requireTwoPeople(groupThreshold, groups);
  const plan = {
    groupThreshold,
    groups: groups.map(group => ({ threshold: group.threshold, count: group.custodians.length })),
    iterationExponent: defaultIterationExponent,
  };
  const taken = new Set(
    [...opened.inventory.backups.values()].flatMap(({ backup }) =>
      backup.kind === 'shares' ? [backup.identifier] : [],
    ),
  );
  const problem = shareSetProblem({ kind: 'shares', identifier: 0, groupThreshold, groups }, [fingerprint]);
  if (problem !== undefined) throw invalidInput(`These shares cannot be made: ${problem}.`);
  // Before the first custodian writes anything down, not when the last one's turn comes.
  for (const { recipient } of groups.flatMap(group => group.custodians))
    if (recipient !== undefined) checkRecipient(recipient);
  const split = await withOpenedKey(sealed, passphrase, pem => {
    requireKeyOf(pem, record);
    const { secret } = readPkcs8Pem(pem);
    try {
      return splitSecret({
        ...plan,
        secret,
        taken,
        randomBytes: length => new Uint8Array(randomBytes(length)),
      });
    } finally {
      wipe(secret);
    }
  });
  const custodians = groups.flatMap(group => group.custodians);
  const outgoing = split.groups.flat().map(
    (share, index): OutgoingShare => ({
      number: index + 1,
      custodian: custodians[index]?.name ?? '',
      recipient: custodians[index]?.recipient,
      share,
      done: false,
      handedOut: undefined,
    }),
  );
  const session: SplitSession = {
    id: randomBytes(8).toString('hex'),
    rehearsal,
    network,
    beside,
    record,
    dialect: dialectOf(opened, record),
    set: { kind: 'shares', identifier: split.identifier, groupThreshold, groups },
    outgoing,
    wipe: () => wipeShares(outgoing.map(({ share }) => share)),
  };
  try {
    // Before the first word is shown: whoever comes back after a power cut must hear that these words are void.
    await opened.append({
      type: 'split-begun',
      backupId: session.id,
      fingerprint,
      identifier: split.identifier,
    });
    desk.sessions.begin('split', session);
  } catch (error) {
    session.wipe();
    throw error;
  }
  return viewOf(desk, session);
}

/** @returns the dialect of a key's repository; where no ceremony of it stands in this journal, one it has a key ID in */
function dialectOf(opened: OpenVault, { repository, keyIds }: KeyRecord): DialectName {
  const plans = [...opened.ceremonies.values()].map(({ plan }) => plan);
  const last = plans.findLast(plan => plan.repository === repository);
  return last?.dialect ?? (keyIds['tuf-1.0'] === undefined ? 'notary-v1' : 'tuf-1.0');
}

/** One share that is the whole key would put the key on the screen; and one person could use it alone. */
function requireTwoPeople(groupThreshold: number, groups: readonly { readonly threshold: number }[]): void {
  const fewest = groups
    .map(group => group.threshold)
    .sort((one, other) => one - other)
    .slice(0, groupThreshold)
    .reduce((sum, threshold) => sum + threshold, 0);
  if (fewest >= 2) return;
  throw invalidInput(
    'One share alone would be the whole key.',
    'Let at least two shares be needed, for example 2 of 3.',
  );
}

export function readSplit(desk: Desk, { splitId }: { splitId: string }): SplitView {
  return viewOf(desk, desk.sessions.of('split', splitId));
}

/**
 * The words of the share whose turn it is.
 * @throws RootwardError `step-not-present` for another's, `network-present`
 */
export async function readShare(desk: Desk, { splitId, number }: RequestOf<'readShare'>): Promise<ShareView> {
  const session = desk.sessions.of('split', splitId);
  await requireStillIsolated(desk, session);
  const { share, custodian, recipient } = present(session, number);
  if (recipient !== undefined)
    throw invalidInput(
      `${custodian} gets this share as a file for their age identity.`,
      'Hand out the file; the words are not shown.',
    );
  const { record, set } = session;
  const group = set.groups[share.groupIndex];
  return {
    splitId,
    number,
    custodian,
    words: new TextEncoder().encode(wordsOf(share).join(' ')),
    form: {
      repository: record.repository,
      holder: record.holder,
      role: record.role,
      dialect: session.dialect,
      algorithm: record.algorithm,
      keyId: record.keyIds[session.dialect] ?? '',
      fingerprint: fingerprintFromHex(record.fingerprint),
      set: setName(set.identifier),
      group: share.groupIndex + 1,
      ...(group?.name === undefined ? {} : { groupName: group.name }),
      groups: set.groups.length,
      groupThreshold: set.groupThreshold,
      member: share.memberIndex + 1,
      members: group?.custodians.length ?? 0,
      memberThreshold: share.memberThreshold,
      date: desk.clock().toISOString().slice(0, 10),
      rehearsal: record.rehearsal,
    },
  };
}

/** Words typed back. @throws RootwardError `share-words-differ`, naming the place, never the word */
export function confirmShare(desk: Desk, { splitId, number, words }: RequestOf<'confirmShare'>): SplitView {
  const session = desk.sessions.of('split', splitId);
  const outgoing = present(session, number);
  if (outgoing.recipient !== undefined) throw invalidInput('This share goes out as a file.');
  const typed = wordsOfText(new TextDecoder().decode(words));
  const shown = wordsOf(outgoing.share);
  const isRight = (word: string, index: number): boolean =>
    placeOfWord(word) === placeOfWord(typed[index] ?? '');
  const wrong = shown.findIndex((word, index) => !isRight(word, index));
  if (wrong !== -1 || typed.length !== shown.length) {
    const place = wrong === -1 ? undefined : `word ${wrong + 1}`;
    throw new RootwardError('share-words-differ', {
      message:
        place === undefined
          ? `${typed.length} words were typed; the share has ${shown.length}.`
          : `What was typed as ${place} is not the word that was shown.`,
      remedy:
        'Compare with what was written down. If a word was written wrongly, look at the share again and put it right on paper.',
      place,
    });
  }
  return markDone(desk, session, outgoing);
}

/** The share as an age file for its custodian. @throws RootwardError `step-not-present`, `network-present` */
export async function handOutShare(
  desk: Desk,
  { splitId, number }: RequestOf<'handOutShare'>,
): Promise<{ file: FileInput }> {
  const session = desk.sessions.of('split', splitId);
  await requireStillIsolated(desk, session);
  const outgoing = present(session, number);
  const { recipient, share, custodian } = outgoing;
  if (recipient === undefined) throw invalidInput('This share goes out on paper.');
  const { record, set } = session;
  const text = new TextEncoder().encode(
    `# A share of a key, as SLIP-0039 words. ${record.rehearsal ? 'REHEARSAL, NOT FOR USE.' : 'Keep it as you keep a key.'}
# For ${custodian}. Key: the ${record.role} key of ${record.holder}, ${record.repository}
# SHA-256 of its public key: ${record.fingerprint}
# Set ${setName(set.identifier)}, share ${share.memberIndex + 1} of group ${share.groupIndex + 1}
${wordsOf(share).join(' ')}
`,
  );
  try {
    const sealed = await sealEnvelope(text, { recipients: [recipient] });
    try {
      // What goes out is decrypted once before it does: a file that cannot be opened is no share.
      const again = await sealed.open(sealed.bytes);
      const isSame = Buffer.compare(again, text) === 0;
      wipe(again);
      if (!isSame) throw new Error('what was encrypted does not decrypt to itself');
    } finally {
      sealed.wipe();
    }
    outgoing.handedOut = sha256Hex(sealed.bytes);
    const words = setName(set.identifier).replace(' ', '-');
    return {
      file: { name: `share-${words}-${number}.age`, bytes: new Uint8Array(sealed.bytes) },
    };
  } finally {
    wipe(text);
  }
}

/** The handed-out file, read back from where it was saved. @throws RootwardError `read-back-differs` */
export function confirmHandedShare(
  desk: Desk,
  { splitId, number, file }: RequestOf<'confirmHandedShare'>,
): SplitView {
  const session = desk.sessions.of('split', splitId);
  const outgoing = present(session, number);
  if (outgoing.handedOut === undefined || sha256Hex(file.bytes) !== outgoing.handedOut) {
    throw new RootwardError('read-back-differs', {
      message: 'This is not the file that was handed out last.',
      remedy: 'Save it again, to another medium if it comes back, and choose the file that was saved.',
    });
  }
  return markDone(desk, session, outgoing);
}

/** Writes the one line that makes the set exist. @throws RootwardError `step-not-present` while a share is not out */
export async function finishSplit(
  desk: Desk,
  { splitId, kept = [] }: RequestOf<'finishSplit'>,
): Promise<ReplyOf<'finishSplit'>> {
  const session = desk.sessions.of('split', splitId);
  const waiting = session.outgoing.find(outgoing => !outgoing.done);
  if (waiting) {
    throw new RootwardError('step-not-present', {
      message: `The share of ${waiting.custodian} is not out yet.`,
      remedy: 'Hand it out, and have it typed back, before the set is finished.',
    });
  }
  const opened = await desk.vaults.open(session.rehearsal);
  let number = 0;
  const groups = session.set.groups.map(group => ({
    ...group,
    custodians: group.custodians.map(custodian => {
      number += 1;
      const { bag, place } = kept.find(note => note.number === number) ?? {};
      return {
        ...custodian,
        ...(bag === undefined ? {} : { bag }),
        ...(place === undefined ? {} : { place }),
      };
    }),
  }));
  await opened.append({
    type: 'backup-made',
    backupId: session.id,
    fingerprints: [session.record.fingerprint],
    backup: { ...session.set, groups },
    ...session.beside,
  });
  desk.sessions.end('split');
  return { backupId: session.id, backups: await backupsOfVault(desk, opened) };
}

/** Wipes a split. Its words are void from now on. */
export async function abandonSplit(
  desk: Desk,
  { splitId }: { splitId: string },
): Promise<Record<string, never>> {
  const { rehearsal } = desk.sessions.of('split', splitId);
  desk.sessions.end('split');
  const opened = await desk.vaults.open(rehearsal);
  await opened.append({ type: 'split-void', backupId: splitId });
  return {};
}

/** @throws RootwardError `network-present` when one came up since the split was begun; the split goes on without it */
async function requireStillIsolated(desk: Desk, session: SplitSession): Promise<void> {
  const { rehearsal, network, record } = session;
  const opened = await desk.vaults.open(rehearsal);
  session.beside = { ...session.beside, ...requireIsolated(desk, opened, [record.repository], network) };
}

/**
 * Takes down that the words of a split that was broken off are destroyed.
 * @throws RootwardError `backup-not-found`, `backup-under-way` while it can be gone on with
 */
export async function confirmVoidSplit(
  desk: Desk,
  { backupId }: RequestOf<'confirmVoidSplit'>,
): Promise<BackupsView> {
  if (desk.sessions.idOf('split') === backupId) desk.sessions.refuseSecond('split');
  for (const opened of await desk.vaults.existing()) {
    if (!opened.inventory.splits.has(backupId)) continue;
    await opened.append({ type: 'split-void', backupId });
    return backupsOfVault(desk, opened);
  }
  throw new RootwardError('backup-not-found', {
    message: 'No such split was broken off.',
    remedy: 'Nothing is to be done.',
  });
}

/** @throws RootwardError `step-not-present`: one custodian at a time, so that nobody sees another's words */
function present(session: SplitSession, number: number): OutgoingShare {
  const next = session.outgoing.find(outgoing => !outgoing.done);
  if (next?.number === number) return next;
  throw new RootwardError('step-not-present', {
    message: next ? `It is the turn of ${next.custodian}.` : 'All shares are out.',
    remedy: 'Shares go out one after another, and none is shown twice once it is out.',
  });
}

function markDone(desk: Desk, session: SplitSession, outgoing: OutgoingShare): SplitView {
  outgoing.done = true;
  wipeShares([outgoing.share]);
  return viewOf(desk, session);
}

function viewOf(desk: Desk, session: SplitSession): SplitView {
  const { record, set, outgoing } = session;
  const next = outgoing.find(candidate => !candidate.done);
  const { fingerprint, holder, role, repository } = record;
  return {
    splitId: session.id,
    key: { fingerprint, holder, role, repository },
    fingerprint: fingerprintFromHex(fingerprint),
    set: shareSetView(set),
    progress: outgoing.map(({ number, custodian, done }) => ({
      number,
      name: custodian,
      state: done ? ('done' as const) : number === next?.number ? ('present' as const) : ('waiting' as const),
    })),
    ...(next ? { present: next.number } : {}),
    endsAt: desk.sessions.endsAt('split'),
    sentence:
      'Until it is finished this set does not exist: if it is given up, or this machine stops, nothing was stored, and every word already written down is void and must be destroyed.',
  };
}
