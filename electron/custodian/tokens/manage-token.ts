import { keyTypeInWords } from '../../../shared/ceremony/describe.ts';
import { isStillOn, tokensOf } from '../../../shared/ceremony/key-places.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import type { ManagedToken, TokenActionName, TokenProof } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { Token, TokenDescription } from '../../signers/token.ts';
import type { Desk } from '../desk.ts';
import { tokenSigning } from '../with-signer.ts';
import { takeUpSettings, tokensView } from './describe-tokens.ts';
import { destroyKeyFile, importKey } from './key-to-token.ts';
import { requireShownToken } from './shown-token.ts';
import { makeSlotCertificate, slotCertifier } from './slot-certificate.ts';
import { nameOf } from './token-desk.ts';
import { authoritiesOf, evidenceOfToken, verdictOf } from './token-key.ts';
import {
  type Done,
  keyIn,
  meantKey,
  policiesFor,
  requireFreePlace,
  secretsOf,
  type Work,
} from './token-task.ts';

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
  'destroy-key-file': destroyKeyFile,
  'write-certificate': writeCertificate,
};

/**
 * Sets up a token, or its keys, outside of a ceremony.
 * @throws RootwardError `token-wrong` (another one stands there than was shown), and what the token's driver throws
 */
export async function manageToken(
  desk: Desk,
  { token: id, serial, task }: RequestOf<'manageToken'>,
): Promise<ManagedToken> {
  await takeUpSettings(desk);
  const token = await desk.tokens.byId(id);
  const description = await desk.tokens.describe(token);
  requireShownToken(token, description, serial);
  // What is done to a file in this vault is no ability of the token.
  if (task.action !== 'destroy-key-file' && !description.abilities.includes(task.action)) {
    throw new RootwardError('token-not-capable', {
      message: `${nameOf(token, description)} cannot do this (${task.action}).`,
      remedy: "Use the program of the token's maker.",
    });
  }
  const gone = await takeDownGone(desk, token, description);
  if (task.action === 'delete-key' && gone.includes(task.fingerprint)) {
    return {
      message: `Key ${task.fingerprint.slice(0, 12)}… was not on ${nameOf(token, description)} any more. The journal says so now.`,
      tokens: await tokensView(desk, await desk.tokens.glance()),
    };
  }
  // The discriminated union has tied the task to its name; the compiler cannot follow that through an index.
  const work = tasks[task.action] as (work: Work<TokenActionName>) => Promise<Done>;
  const done = await work({ desk, token, description, task });
  return { ...done, tokens: await tokensView(desk, await desk.tokens.glance()) };
}

/**
 * Asks a token to prove that one of its keys was made on it.
 * @throws RootwardError `token-wrong` (another one stands there than was shown), `token-slot-empty`, `token-not-capable`
 */
export async function readTokenProof(
  desk: Desk,
  { token: id, serial, slot: slotId }: RequestOf<'readTokenProof'>,
): Promise<TokenProof> {
  await takeUpSettings(desk);
  const token = await desk.tokens.byId(id);
  const description = await desk.tokens.describe(token);
  requireShownToken(token, description, serial);
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
  requireFreePlace(token, description, task);
  const { slot, keytype, mayDestroy = false } = task;
  const policies = policiesFor(token, description, task);
  const made = await desk.tokens.use(token, async () =>
    token.generate?.(
      { slot, algorithm: keytype, ...policies, mayDestroy, certify: slotCertifier(desk.clock()) },
      secretsOf(task),
    ),
  );
  return {
    message: `${nameOf(token, description)} made a key (${keyTypeInWords[keytype]}).`,
    ...(made?.publicKey ? { fingerprint: made.publicKey.fingerprint } : {}),
  };
}

async function deleteKey({ desk, token, description, task }: Work<'delete-key'>): Promise<Done> {
  const { slot, publicKey } = meantKey(token, description, task, 'delete the key');
  const deletion = await desk.tokens.use(token, async () =>
    token.deleteKey?.(task.slot, publicKey, secretsOf(task)),
  );
  for (const opened of await desk.vaults.existing()) {
    const records = await opened.vault.listKeys();
    if (!records.some(({ fingerprint }) => fingerprint === publicKey.fingerprint)) continue;
    const {
      custody,
      serial,
      slot: from,
    } = evidenceOfToken({ token, description, slot, publicKey, origin: 'existing' }, undefined);
    const { fingerprint } = publicKey;
    const where = { custody, ...(serial === undefined ? {} : { serial }), slot: from };
    await opened.append({ type: 'key-left-token', fingerprint, ...where });
  }
  const how =
    deletion?.how === 'overwritten'
      ? 'Its firmware cannot delete: another key, which nobody uses, took its place'
      : 'It was deleted, with the certificate beside it';
  return {
    message: `Key ${task.fingerprint.slice(0, 12)}… is no longer on ${nameOf(token, description)}. ${how}.`,
  };
}

/**
 * Finishes deletions that were interrupted between the token and the journal: where the journal has a key of ours on
 * this token, and the token shows that it is not there, the journal is told that it left.
 * @param description read just now
 * @returns the fingerprints of these keys
 */
async function takeDownGone(
  desk: Desk,
  token: Token,
  { serial, slots }: TokenDescription,
): Promise<string[]> {
  const shown = slots.flatMap(({ key }) => key?.publicKey?.fingerprint ?? []);
  // Without a serial number it may be another token; and some PKCS#11 tokens show no key before the PIN.
  if (serial === undefined || (token.custody === 'pkcs11' && shown.length === 0)) return [];
  const gone: string[] = [];
  for (const opened of await desk.vaults.existing()) {
    for (const record of await opened.vault.listKeys()) {
      const { fingerprint } = record;
      if (shown.includes(fingerprint)) continue;
      for (const { slot } of tokensOf(record, opened.moves).filter(
        place => place.custody === token.custody && place.serial === visible(serial, 64),
      )) {
        const spot = { custody: token.custody, serial: visible(serial, 64), slot };
        if (!isStillOn(record, opened.moves, spot)) continue;
        // A place that cannot be read, or does not tell what is in it, may hold the key still.
        const place = slots.find(({ id }) => id === slot);
        if (place?.mayHoldKey || (place?.key && !place.key.publicKey)) continue;
        await opened.append({ type: 'key-left-token', fingerprint, ...spot });
        gone.push(fingerprint);
      }
    }
  }
  return gone;
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
