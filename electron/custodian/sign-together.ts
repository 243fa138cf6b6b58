import { asRead, type CheckedRequest, checkSigningRequest } from '../../shared/ceremony/check-request.ts';
import { planSentence, planTitle } from '../../shared/ceremony/describe.ts';
import { requestSummary } from '../../shared/ceremony/describe-request.ts';
import type { SignedRole } from '../../shared/ceremony/documents.ts';
import { repositoriesOf } from '../../shared/ceremony/repository.ts';
import { compareWithVault, type Trust } from '../../shared/ceremony/request-trust.ts';
import {
  type GivenSignature,
  givenSignatures,
  signedOtherwise,
  versionOf,
} from '../../shared/ceremony/signed-before.ts';
import {
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
import { publicKeyFromPem } from '../../shared/tuf/public-key.ts';
import { verifyTwice } from '../signers/platform-verifier.ts';
import { requireIsolated } from './backup/isolation.ts';
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
  const judged = await judge(desk, file);
  const { checked, opened, comparison } = judged;
  const { plan, planHash } = checked.request;
  const placeOf = await placesIn(opened);
  const { summary, said } = requestSummary(checked, comparison.unknownNames);
  return {
    repository: plan.repository,
    dialect: plan.dialect,
    rehearsal: plan.rehearsal,
    title: planTitle(plan),
    sentence: planSentence(plan),
    summary,
    said,
    notes: [...checked.notes, ...comparison.notes, ...(await keysMadeElsewhere(judged))],
    earlier: documentRoles.flatMap(role =>
      signedEarlier(judged, role).map(({ version, repository, holder, time, payloadHash }) => {
        const payload = fingerprintFromHex(payloadHash);
        return { role, version, repository, holder, time, payload };
      }),
    ),
    plan: fingerprintFromHex(planHash),
    trust: comparison.trust,
    payloads: documentRoles.flatMap(role => {
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

const documentRoles = ['root', 'targets'] as const;

/** A request as this machine sees it. */
interface JudgedRequest {
  readonly checked: CheckedRequest;
  readonly opened: OpenVault | undefined;
  readonly comparison: Trust;
}

/** @throws RootwardError what checking a request and comparing it with the vault throw */
async function judge(desk: Desk, file: FileInput): Promise<JudgedRequest> {
  const checked = checkSigningRequest(readRequestFile(file.bytes), verifyTwice);
  const opened = await vaultFor(desk, checked.request.plan.rehearsal);
  await refuseOwnKeysOnline(desk, checked);
  const repositories = repositoriesOf(opened?.ceremonies.values() ?? []);
  return { checked, opened, comparison: compareWithVault(checked, repositories, verifyTwice) };
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

/** What this vault signed for the same version of a request's document, in other bytes. */
function signedEarlier({ checked: { request }, opened }: JudgedRequest, role: SignedRole): GivenSignature[] {
  if (request.payloads[role] === undefined) return [];
  const { dialect, repository } = request.plan;
  const payloadHash = requestPayloadHash(request, role);
  return signedOtherwise(
    givenSignatures(opened?.vault.journal.entries ?? []),
    { dialect, repository, role, version: versionOf(request.plan, role), payloadHash },
    request.asked.map(asked => asked.fingerprint),
  );
}

/** A vault may have a key, from a backup, and nothing of its repository: its record still says whose it is, and of what. */
async function keysMadeElsewhere({
  checked: { request },
  opened,
  comparison,
}: JudgedRequest): Promise<string[]> {
  if (comparison.trust !== 'first-sight') return [];
  const { plan, asked } = request;
  const records = (await opened?.vault.listKeys()) ?? [];
  return records.flatMap(({ fingerprint, holder, role, repository }) => {
    const key = asked.find(one => one.fingerprint === fingerprint);
    const isOfIt = repository === plan.repository || repository === plan.succeeds?.repository;
    if (!key || (isOfIt && asRead(key.holder) === asRead(holder))) return [];
    return [
      `The ${key.role} key of ${key.holder} is in this vault the ${role} key of ${holder} for ${repository}.`,
    ];
  });
}

/** Signs a request with one key of this vault. */
export async function signRequest(desk: Desk, input: RequestOf<'signRequest'>): Promise<{ file: FileInput }> {
  const { file, role, fingerprint, payloadHash, passphrase, pin, token, serial } = input;
  const { network, despiteEarlier } = input;
  const judged = await judge(desk, file);
  const { checked, opened, comparison } = judged;
  const { request } = checked;
  const { plan } = request;
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
  const [earlier] = signedEarlier(judged, role);
  if (earlier && despiteEarlier !== true) throw signedBefore(earlier);
  const record = await opened.vault.readRecord(fingerprint);
  const beside = requireIsolated(desk, opened, [plan.repository, record.repository], network);
  const publicKey = publicKeyFromPem(record.publicKey);
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
  await opened.append({
    type: 'request-signed',
    planHash: request.planHash,
    repository: plan.repository,
    role,
    // As this vault names them: the request's name is another machine's.
    holder: record.holder,
    fingerprint,
    payloadHash,
    trust: comparison.trust,
    version: versionOf(plan, role),
    dialect: plan.dialect,
    ...beside,
    ...(earlier ? { despiteEarlier: true as const } : {}),
  });
  return {
    file: {
      name: `${fileStem(plan)}.${role}.${fingerprint.slice(0, 12)}.signature.json`,
      bytes: owned(bytes),
    },
  };
}

const signedBefore = ({ role, version, repository, holder, time }: GivenSignature): RootwardError =>
  new RootwardError('signature-conflict', {
    message: `This vault signed another ${role} version ${version} of ${repository} before, with the key of ${holder}, at ${time}.`,
    remedy:
      'Find out by telephone what became of the first one. Sign this one only if the first was withdrawn and its signature file destroyed, and say so where you sign (`--despite-earlier`).',
  });

/** Verifies a signature that came back, and only then stores it. */
export async function importSignature(
  desk: Desk,
  { ceremonyId, file }: { ceremonyId: string; file: FileInput },
): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  const signature = readSignatureFile(file.bytes);
  const { step, signatures } = matchSignature(ceremony, signature, verifyTwice);
  if (!openSteps(ceremony).includes(step)) {
    throw new RootwardError('step-not-present', {
      message: 'The ceremony is not at its signatures yet.',
      remedy: 'Complete the steps before them, then hand the file in again.',
    });
  }
  requireGateBeforeSigning(opened, ceremony);
  const { role, fingerprint, payloadHash } = signature;
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
