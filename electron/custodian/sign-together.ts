import { lastSoundMoment } from '../../shared/ceremony/base-root.ts';
import { planSentence, planSummary, planTitle } from '../../shared/ceremony/describe.ts';
import { repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import {
  type CheckedRequest,
  checkSigningRequest,
  matchSignature,
  readSigningRequest as readRequestFile,
  readSignatureFile,
  requestFor,
  requestPayloadHash,
  writeFile,
} from '../../shared/ceremony/signing-request.ts';
import { openSteps } from '../../shared/ceremony/state.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { FileInput, RequestOf } from '../../shared/contract/requests.ts';
import type { CeremonyView, SigningRequestView } from '../../shared/contract/views.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { fingerprintFromHex, sha256Hex } from '../../shared/display/fingerprint.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import type { Root } from '../../shared/tuf/metadata.ts';
import { publicKeyFromPem } from '../../shared/tuf/public-key.ts';
import { verifyRoot } from '../../shared/tuf/verify.ts';
import { verifyTwice } from '../signers/platform-verifier.ts';
import { type Desk, requireOpen } from './desk.ts';
import { payloadView } from './follow-ceremony.ts';
import { offlineKeysHere } from './keys-apart.ts';
import { requireGateBeforeSigning } from './steps/prove-backup.ts';
import type { OpenVault } from './vaults.ts';
import { placesIn, viewOf } from './view-of.ts';
import { withSigner } from './with-signer.ts';

/** Makes the file for other offline machines. @throws RootwardError `step-not-present` when nothing is to be signed */
export async function writeSigningRequest(
  desk: Desk,
  { ceremonyId }: { ceremonyId: string },
): Promise<{ file: FileInput }> {
  const { ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  const request = requestFor(ceremony);
  if (!request) {
    throw new RootwardError('step-not-present', {
      message:
        'There is nothing to ask a signature for: not all keys are there yet, or everything is signed.',
      remedy: 'Go on with the script on this machine.',
    });
  }
  return { file: { name: `${fileStem(request.plan)}.request.json`, bytes: owned(writeFile(request)) } };
}

/** Opens a request, checks it, and says what it would do and who can sign it here. */
export async function readSigningRequest(
  desk: Desk,
  { file }: { file: FileInput },
): Promise<SigningRequestView> {
  const checked = checkSigningRequest(readRequestFile(file.bytes));
  const { plan, planHash } = checked.request;
  const opened = await vaultFor(desk, plan.rehearsal);
  await refuseOwnKeysOnline(desk, checked);
  const placeOf = await placesIn(opened);
  return {
    repository: plan.repository,
    dialect: plan.dialect,
    rehearsal: plan.rehearsal,
    title: planTitle(plan),
    sentence: planSentence(plan),
    summary: planSummary(plan),
    plan: fingerprintFromHex(planHash),
    trust: trustIn(checked, opened),
    payloads: (['root', 'targets'] as const).flatMap(role => {
      const signed = checked.documents[role];
      if (!signed) return [];
      const bytes = canonicalJson(signed);
      return [payloadView(plan, { role, signed, bytes, hash: sha256Hex(bytes) })];
    }),
    asked: checked.request.asked.map(asked => {
      const place = placeOf(asked.fingerprint);
      return { ...asked, here: place !== undefined, ...(place ? { place } : {}) };
    }),
  };
}

/**
 * Compares what a request starts from with what this vault knows.
 * @throws RootwardError `signature-stale` when this vault has a newer root, `verification-failed` when its own root
 * and the request's contradict each other
 */
function trustIn(
  { request, base }: CheckedRequest,
  opened: OpenVault | undefined,
): SigningRequestView['trust'] {
  const { plan } = request;
  requireSoundBase(base, plan);
  const repositories = repositoriesOf(opened?.ceremonies.values() ?? []);
  const own = repositories.get(repositoryKey(plan.dialect, plan.repository))?.root;
  if (!own) return 'first-sight';
  if (!base)
    throw contradiction(
      `This vault has root version ${own.version} of ${plan.repository} already; a first root cannot follow it.`,
    );
  if (own.version > base.version) {
    throw new RootwardError('signature-stale', {
      message: `The request starts from root version ${base.version}; this vault has version ${own.version}.`,
      remedy: 'Ask for a request that starts from the present root. Do not sign this one.',
    });
  }
  if (own.version === base.version) {
    if (sha256Hex(own.payload) === sha256Hex(base.payload)) return 'known';
    throw contradiction(
      `The request starts from another root version ${base.version} than the one this vault has.`,
    );
  }
  const gun = plan.dialect === 'notary-v1' ? plan.repository : undefined;
  if (!follows(base, own, gun)) {
    throw contradiction(
      `The request's root version ${base.version} does not follow version ${own.version}, which this vault has.`,
    );
  }
  return 'follows';
}

/** A new online key that this machine keeps offline: whoever wrote the request may not know it. @throws RootwardError `key-mismatch` */
async function refuseOwnKeysOnline(desk: Desk, { request, root, base }: CheckedRequest): Promise<void> {
  if (base && !request.plan.replacesOnlineKeys) return;
  const offline = await offlineKeysHere(desk);
  for (const role of ['snapshot', 'timestamp'] as const) {
    const keys = root.roles.get(role)?.keyIds.map(keyId => root.keys.get(keyId)?.publicKey?.fingerprint);
    const own = offline.find(({ fingerprint }) => keys?.includes(fingerprint));
    if (!own) continue;
    throw new RootwardError('key-mismatch', {
      message: `The ${role} key is ${own.words}: an offline key would be used online.`,
      remedy:
        'Do not sign. Tell whoever sent the request: the online keys must be made by the online service.',
    });
  }
}

/** On first sight nothing vouches for the root a request starts from, but it must at least be signed by itself. */
function requireSoundBase(base: Root | undefined, plan: CheckedRequest['request']['plan']): void {
  if (!base) return;
  const gun = plan.dialect === 'notary-v1' ? plan.repository : undefined;
  const at = lastSoundMoment(base, Date.parse(plan.created));
  const { quorums } = verifyRoot(base, undefined, false, { verifier: verifyTwice, at, gun });
  if (!quorums.every(quorum => quorum.met))
    throw contradiction('The root the request starts from is not signed as its own role asks.');
}

/** Only a step of one version can be checked without the versions between. */
const follows = (base: Root, own: Root, gun: string | undefined): boolean =>
  verifyRoot(base, own, false, { verifier: verifyTwice, at: 0, gun }).quorums.some(
    quorum => quorum.of === 'previous' && quorum.met,
  );

const contradiction = (message: string): RootwardError =>
  new RootwardError('verification-failed', {
    message,
    remedy:
      'Do not sign. Find out by telephone which root is the right one; one of the two machines was given a false one.',
  });

/** Signs a request with one key of this vault. */
export async function signRequest(desk: Desk, input: RequestOf<'signRequest'>): Promise<{ file: FileInput }> {
  const { file, role, fingerprint, payloadHash, passphrase, pin, token, serial } = input;
  const checked = checkSigningRequest(readRequestFile(file.bytes));
  const { request } = checked;
  const { plan } = request;
  const opened = await vaultFor(desk, plan.rehearsal);
  const trust = trustIn(checked, opened);
  await refuseOwnKeysOnline(desk, checked);
  const asked = request.asked.find(
    candidate => candidate.role === role && candidate.fingerprint === fingerprint,
  );
  if (!opened || !asked) {
    throw new RootwardError('key-not-found', {
      message: 'The request does not ask for a key of this vault.',
      remedy: 'Open the request on the machine of a holder it asks.',
    });
  }
  if (requestPayloadHash(request, role) !== payloadHash) {
    throw new RootwardError('plan-changed', {
      message: 'What was shown is not what would be signed now.',
      remedy: 'Open the request again, compare its words, and sign that.',
    });
  }
  const publicKey = publicKeyFromPem((await opened.vault.readRecord(fingerprint)).publicKey);
  const dialect = dialects[plan.dialect];
  const payload = new TextEncoder().encode(request.payloads[role] ?? '');
  const signature = await withSigner(
    desk,
    opened,
    fingerprint,
    { passphrase, pin, token, serial },
    async sign => sign(payload, dialect.hashFor(publicKey)),
  );
  const bytes = writeFile({
    format: 'rootward-signature',
    version: 1,
    planHash: request.planHash,
    role,
    payloadHash,
    fingerprint,
    signatures: asked.keyIds.map(
      keyId => dialect.writeSignature(keyId, publicKey, signature) as Record<string, string>,
    ),
  });
  const { planHash } = request;
  const { repository } = plan;
  await opened.append({
    type: 'request-signed',
    planHash,
    repository,
    role,
    holder: asked.holder,
    fingerprint,
    payloadHash,
    trust,
  });
  return {
    file: {
      name: `${fileStem(plan)}.${role}.${fingerprint.slice(0, 12)}.signature.json`,
      bytes: owned(bytes),
    },
  };
}

/** Verifies a signature that came back, and only then stores it. */
export async function importSignature(
  desk: Desk,
  { ceremonyId, file }: { ceremonyId: string; file: FileInput },
): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  const signature = readSignatureFile(file.bytes);
  const step = matchSignature(ceremony, signature, verifyTwice);
  if (!openSteps(ceremony).includes(step)) {
    throw new RootwardError('step-not-present', {
      message: 'The ceremony is not at its signatures yet.',
      remedy: 'Complete the steps before them, then hand the file in again.',
    });
  }
  requireGateBeforeSigning(opened, ceremony);
  const { role, fingerprint, payloadHash, signatures } = signature;
  const holder = step.holder ?? '';
  await opened.append({
    type: 'step-completed',
    ceremonyId,
    stepId: step.id,
    by: holder,
    evidence: { kind: 'sign', role, holder, fingerprint, payloadHash, signatures, received: true },
  });
  return viewOf(opened, ceremonyId);
}

async function vaultFor(desk: Desk, rehearsal: boolean): Promise<OpenVault | undefined> {
  return (await desk.vaults.existing()).find(opened => opened.rehearsal === rehearsal);
}

/** A name every medium can hold: the repository's last part and the version. */
const fileStem = (plan: { repository: string; version?: number | undefined }): string =>
  `${plan.repository
    .split('/')
    .at(-1)
    ?.replace(/[^A-Za-z0-9._-]/g, '-')}-root-${plan.version ?? 1}`;

/** A view's bytes must own their buffer to cross a process border whole. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
