import { provenBackupOf } from '../../../shared/backup/inventory.ts';
import type { KeyRecord } from '../../../shared/ceremony/key-record.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import type {
  ManagedToken,
  TokenAction,
  TokenActionName,
  TokenProof,
} from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { Token, TokenDescription, TokenSecrets, TokenSlot } from '../../signers/token.ts';
import { withOpenedKey } from '../../vault/age-key-file.ts';
import { requireIsolated } from '../backup/isolation.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';
import { tokenSigning } from '../with-signer.ts';
import { takeUpSettings, tokensView } from './describe-tokens.ts';
import { makeSlotCertificate } from './slot-certificate.ts';
import { nameOf } from './token-desk.ts';
import { authoritiesOf, evidenceOfToken, verdictOf } from './token-key.ts';

interface Done {
  readonly message: string;
  readonly fingerprint?: string;
}

/** What a task works with. */
interface Work<Name extends TokenActionName> {
  readonly desk: Desk;
  readonly token: Token;
  /** Read just now. */
  readonly description: TokenDescription;
  readonly task: Extract<TokenAction, { action: Name }>;
}

type Tasks = { [Name in TokenActionName]: (work: Work<Name>) => Promise<Done> };

const tasks: Tasks = {
  'change-pin': async ({ desk, token, description, task }) => {
    await desk.tokens.use(token, async () => token.changePin?.(task.current, task.next));
    return { message: `The PIN of ${nameOf(token, description)} was changed.` };
  },
  'change-puk': async ({ desk, token, description, task }) => {
    await desk.tokens.use(token, async () => token.changePuk?.(task.current, task.next));
    return { message: `The PUK of ${nameOf(token, description)} was changed.` };
  },
  'unblock-pin': async ({ desk, token, description, task }) => {
    await desk.tokens.use(token, async () => token.unblockPin?.(task.puk, task.next));
    return { message: `${nameOf(token, description)} has a new PIN, and all its tries again.` };
  },
  'set-tries': async ({ desk, token, description, task }) => {
    await desk.tokens.use(token, async () => token.setTries?.(task.pinTries, task.pukTries, secretsOf(task)));
    return {
      message: `${nameOf(token, description)} now gives ${task.pinTries} tries for its PIN and ${task.pukTries} for its PUK. Both are the default ones again: change them now.`,
    };
  },
  'change-management-key': async ({ desk, token, description, task }) => {
    await desk.tokens.use(token, async () => token.changeManagementKey?.(task.next, secretsOf(task)));
    return { message: `The management key of ${nameOf(token, description)} was changed.` };
  },
  generate: generateKey,
  'import-key': importKey,
  'delete-key': deleteKey,
  'write-certificate': writeCertificate,
};

/** Sets up a token, or its keys, outside of a ceremony. @throws RootwardError what the token's driver throws */
export async function manageToken(
  desk: Desk,
  { token: id, task }: RequestOf<'manageToken'>,
): Promise<ManagedToken> {
  await takeUpSettings(desk);
  const token = await desk.tokens.byId(id);
  const description = await desk.tokens.describe(token);
  if (!description.abilities.includes(task.action)) {
    throw new RootwardError('token-not-capable', {
      message: `${nameOf(token, description)} cannot do this (${task.action}).`,
      remedy: "Use the program of the token's maker.",
    });
  }
  // The discriminated union has tied the task to its name; the compiler cannot follow that through an index.
  const work = tasks[task.action] as (work: Work<TokenActionName>) => Promise<Done>;
  const done = await work({ desk, token, description, task });
  return { ...done, tokens: await tokensView(desk, await desk.tokens.survey()) };
}

/** Asks a token to prove that one of its keys was made on it. @throws RootwardError `token-slot-empty`, `token-not-capable` */
export async function readTokenProof(
  desk: Desk,
  { token: id, slot: slotId }: RequestOf<'readTokenProof'>,
): Promise<TokenProof> {
  await takeUpSettings(desk);
  const token = await desk.tokens.byId(id);
  const description = await desk.tokens.describe(token);
  const { slot, publicKey } = keyIn(token, description, slotId);
  if (!token.attest || !description.abilities.includes('attest')) {
    throw new RootwardError('token-not-capable', {
      message: `${nameOf(token, description)} gives no proof of where its keys were made.`,
      remedy: 'Take another token if a proof is needed.',
    });
  }
  const attestation = await desk.tokens.use(token, async () =>
    token.attest?.(slot.id, authoritiesOf(desk.tokens)),
  );
  if (!attestation) throw new Error('a token that can attest did not');
  const verdict = verdictOf(attestation, publicKey, description.serial);
  return {
    fingerprint: publicKey.fingerprint,
    attestation: verdict,
    sentence:
      verdict.verdict === 'proven'
        ? `Made on this card, never exported. ${verdict.trustedBy} vouches for it.`
        : `Not proven: ${verdict.problem}`,
    ...(attestation.serial === undefined ? {} : { serial: visible(attestation.serial, 64) }),
    ...(attestation.firmware === undefined ? {} : { firmware: visible(attestation.firmware, 64) }),
    pinPolicy: attestation.pinPolicy,
    touchPolicy: attestation.touchPolicy,
  };
}

async function generateKey({ desk, token, description, task }: Work<'generate'>): Promise<Done> {
  const occupied = description.slots.find(slot => slot.id === task.slot && slot.key);
  if (occupied) {
    throw new RootwardError('token-slot-taken', {
      message: `${visible(occupied.name, 64)} of ${nameOf(token, description)} holds a key already.`,
      remedy: 'Choose an empty place. Delete the key that is there only when nobody needs it any more.',
    });
  }
  const { slot, keytype, pinPolicy = 'always', touchPolicy = 'always' } = task;
  const made = await desk.tokens.use(token, async () =>
    token.generate?.({ slot, algorithm: keytype, pinPolicy, touchPolicy }, secretsOf(task)),
  );
  return {
    message: `${nameOf(token, description)} made a ${keytype} key.`,
    ...(made?.publicKey ? { fingerprint: made.publicKey.fingerprint } : {}),
  };
}

/**
 * Copies a key of this vault to a token. SECURITY: what is on a token cannot be got out again, so a key goes there only
 * once its backup was restored. The sealed file stays; from then on either opens the key: the passphrase or the PIN.
 */
async function importKey({ desk, token, description, task }: Work<'import-key'>): Promise<Done> {
  const { fingerprint, slot, passphrase, pinPolicy = 'always', touchPolicy = 'always' } = task;
  const { opened, record } = await recordOf(desk, fingerprint);
  requireIsolated(desk, opened, [record.repository], undefined);
  if (!provenBackupOf(opened.inventory, fingerprint)) {
    throw new RootwardError('backup-not-proven', {
      message: `Key ${fingerprint.slice(0, 12)}… has no backup that was proven by restoring it. It was not brought to ${nameOf(token, description)}.`,
      remedy: 'Make a backup of this key, restore it in a drill, and try again.',
    });
  }
  const { sealed } = await opened.vault.readKey(fingerprint);
  const imported = await withOpenedKey(sealed, passphrase, pem =>
    desk.tokens.use(token, async () =>
      token.importKey?.({ slot, pinPolicy, touchPolicy }, pem, secretsOf(task)),
    ),
  );
  const after = await desk.tokens.describe(token);
  const place = after.slots.find(({ key }) => key?.publicKey?.fingerprint === fingerprint);
  if (imported?.publicKey?.fingerprint !== fingerprint || !place) {
    throw new RootwardError('token-reply-invalid', {
      message: `${nameOf(token, after)} took a key, and does not show the one it was given.`,
      remedy: 'The key in this vault is as it was. Do not use this token for it.',
    });
  }
  const found = { token, description: after, slot: place, publicKey: imported.publicKey };
  await opened.append({
    type: 'key-brought-to-token',
    fingerprint,
    token: evidenceOfToken({ ...found, origin: 'imported' }, undefined),
  });
  return {
    message: `The ${record.role} key of ${record.holder} is now on ${nameOf(token, after)} too. Its sealed file stays in this vault.`,
    fingerprint,
  };
}

/** @throws RootwardError `key-not-found` */
async function recordOf(
  desk: Desk,
  fingerprint: string,
): Promise<{ readonly opened: OpenVault; readonly record: KeyRecord }> {
  let refusal: unknown;
  for (const opened of await desk.vaults.existing()) {
    try {
      return { opened, record: await opened.vault.readRecord(fingerprint) };
    } catch (error) {
      refusal ??= error;
    }
  }
  throw (
    refusal ??
    new RootwardError('key-not-found', {
      message: 'There is no vault here yet.',
      remedy: 'Create one, and hold a ceremony that makes the key.',
    })
  );
}

async function deleteKey({ desk, token, description, task }: Work<'delete-key'>): Promise<Done> {
  const { publicKey } = keyIn(token, description, task.slot);
  if (publicKey.fingerprint !== task.fingerprint) {
    throw new RootwardError('token-wrong', {
      message: `${visible(task.slot, 64)} of ${nameOf(token, description)} holds another key than the one that was chosen.`,
      remedy: 'Nothing was deleted. Look at the token as it is now.',
    });
  }
  if (task.confirmation !== task.fingerprint.slice(0, 12)) {
    throw new RootwardError('step-input-invalid', {
      message: 'What was typed is not the beginning of the fingerprint of this key.',
      remedy: `Type ${task.fingerprint.slice(0, 12)} exactly to delete the key. Nothing was deleted.`,
    });
  }
  const deletion = await desk.tokens.use(token, async () =>
    token.deleteKey?.(task.slot, publicKey, secretsOf(task)),
  );
  const how =
    deletion?.how === 'overwritten'
      ? 'Its firmware cannot delete: another key, which nobody uses, took its place'
      : 'It was deleted, with the certificate beside it';
  return {
    message: `Key ${task.fingerprint.slice(0, 12)}… is no longer on ${nameOf(token, description)}. ${how}.`,
  };
}

async function writeCertificate({
  desk,
  token,
  description,
  task,
}: Work<'write-certificate'>): Promise<Done> {
  const { slot, publicKey } = keyIn(token, description, task.slot);
  const sign = tokenSigning(desk, token, publicKey, task.pin, undefined);
  const certificate = await makeSlotCertificate(publicKey, sign, desk.clock());
  await desk.tokens.use(token, async () => token.writeCertificate?.(slot.id, certificate, secretsOf(task)));
  return {
    message: `A certificate for the key stands in ${visible(slot.name, 64)} of ${nameOf(token, description)}.`,
  };
}

/** @throws RootwardError `token-slot-empty` */
function keyIn(
  token: Token,
  description: TokenDescription,
  slotId: string,
): { readonly slot: TokenSlot; readonly publicKey: PublicKey } {
  const slot = description.slots.find(candidate => candidate.id === slotId);
  if (slot?.key?.publicKey) return { slot, publicKey: slot.key.publicKey };
  throw new RootwardError('token-slot-empty', {
    message: `There is no key that can be read in ${visible(slotId, 64)} of ${nameOf(token, description)}.`,
    remedy: 'Look at the token as it is now, and choose a place that holds a key.',
  });
}

const secretsOf = (task: {
  readonly pin?: Uint8Array | undefined;
  readonly managementKey?: Uint8Array | undefined;
  readonly puk?: Uint8Array | undefined;
}): TokenSecrets => ({
  ...(task.pin ? { pin: task.pin } : {}),
  ...(task.managementKey ? { managementKey: task.managementKey } : {}),
  ...(task.puk ? { puk: task.puk } : {}),
});
