import { RootwardError } from '../contract/errors.ts';
import { dialects } from '../dialects/dialects.ts';
import { jsonText } from '../tuf/canonical-json.ts';
import { type Certificate, verifyCertificateSignature } from '../tuf/certificate.ts';
import { type JsonObject, type JsonValue, parseJson } from '../tuf/json.ts';
import { type Root, readRoot, readTargets, type Targets } from '../tuf/metadata.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { verifyRoot, verifyTargets } from '../tuf/verify.ts';
import { baseRoot, lastSoundMoment } from './base-root.ts';
import { type HolderKey, plannedKeyIds, rebuildDocuments, type SignedRole } from './documents.ts';
import { keyInBothPlaces } from './keys-apart.ts';
import { nameOfUnknown } from './plan-adoption.ts';
import { convertTargets } from './plan-migration.ts';
import { scriptFor } from './script.ts';
import { planHash, type SettledHolder, type SettledPlan } from './settled-plan.ts';
import type { Asked, SigningRequest } from './signing-request.ts';

/** A request that was checked: its documents, read. */
export interface CheckedRequest {
  readonly request: SigningRequest;
  readonly root: Root;
  readonly base: Root | undefined;
  /** The targets it goes on from, verified; absent where it signs none, or first ones. */
  readonly baseTargets: Targets | undefined;
  /** Whose keys the new root lists. */
  readonly keys: readonly HolderKey[];
  readonly documents: Readonly<Partial<Record<SignedRole, JsonObject>>>;
  /** The certificates made in this ceremony (Notary), by their holders' names. */
  readonly certificates: readonly { readonly holder: string; readonly certificate: Certificate }[];
  /** What a plan's words hide, and people must know before they sign. */
  readonly notes: readonly string[];
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const roles = ['root', 'targets'] as const;
const holdersIn = (plan: SettledPlan, role: SignedRole): readonly SettledHolder[] =>
  role === 'root' ? plan.holders : plan.targets.holders;

/** Names that look the same on paper are the same name. */
export const asRead = (name: string): string => name.normalize('NFKC').toLowerCase();

/** A request whose parts do not agree with each other: whoever wrote it was not Rootward, or it was changed since. */
function mismatch(what: string): never {
  throw new RootwardError('plan-changed', {
    message: `This signing request contradicts itself: ${what}.`,
    remedy: 'Do not sign. Ask for the request again, and compare its words by telephone.',
  });
}

/** A request that does not agree with what is published, as far as signatures say what that is. */
function disagreement(message: string): never {
  throw new RootwardError('verification-failed', {
    message,
    remedy: 'Do not sign. Ask for the request again, and find out by telephone what was changed, and where.',
  });
}

/**
 * Checks that a request is of one piece, and that nothing in it rests on its writer's word alone that its signatures
 * can answer for: the plan has its hash and the form of its kind; the root and the targets it starts from are signed as
 * they ask; whose keys are said to be listed are those that are; the bytes to be signed are what the plan makes of
 * these; and the keys asked are those that sign. Whoever wrote the request, what is shown is then what is signed.
 * Names, and where keys are kept, no signature answers for: `compareWithVault` holds them against what the vault knows.
 * @throws RootwardError `plan-changed`, `verification-failed` or `key-mismatch` naming what does not fit, and what
 * reading metadata throws
 */
export function checkSigningRequest(request: SigningRequest, verifier: SignatureVerifier): CheckedRequest {
  const { plan } = request;
  if (planHash(plan) !== request.planHash) mismatch('the plan does not have the hash that stands beside it');
  requireFormOfKind(plan);
  const base = baseRoot(plan);
  const dialect = dialects[plan.dialect];
  if (base && base.dialect !== dialect) mismatch('its documents are of another dialect than its plan');
  requireSoundBase(plan, base, verifier);
  requireListedHolders(plan, base);
  requirePeople(plan);
  const baseTargets = targetsBefore(plan, base, verifier);

  const unsigned = (payload: string): Uint8Array =>
    bytesOf(`{"signed":${jsonText(parseCanonical(payload))},"signatures":[]}`);
  const root = readRoot(unsigned(request.payloads.root));
  if (root.dialect !== dialect) mismatch('its documents are of another dialect than its plan');
  if (root.version !== (plan.version ?? 1)) mismatch('the root has another version than the plan says');
  if (base && root.version !== base.version + 1) mismatch('the root does not follow the one it starts from');
  if (root.expires !== plan.expires.root) mismatch('the root expires at another time than the plan says');
  for (const [name, { threshold, holders }] of [
    ['root', plan],
    ['targets', plan.targets],
  ] as const) {
    const role = root.roles.get(name);
    if (role?.threshold !== threshold) mismatch(`the ${name} threshold is not the plan's`);
    if (role?.keyIds.length !== holders.length) mismatch(`the ${name} role has not as many keys as the plan`);
    for (const holder of holders) {
      if ('keyId' in holder && !holder.renewCertificate && !role?.keyIds.includes(holder.keyId)) {
        mismatch(`the key of ${holder.name} is not in the ${name} role`);
      }
    }
  }
  for (const name of ['snapshot', 'timestamp'] as const) {
    if (!base || plan.replacesOnlineKeys) continue;
    if (root.roles.get(name)?.keyIds.join() !== base.roles.get(name)?.keyIds.join())
      mismatch(`the ${name} keys change, and the plan does not say so`);
  }
  const misused = keyInBothPlaces(root, base);
  if (misused !== undefined) {
    throw new RootwardError('key-mismatch', {
      message: misused,
      remedy:
        'Do not sign. Tell whoever sent the request: the online keys must be made by the online service.',
    });
  }
  const targets =
    request.payloads.targets === undefined ? undefined : readTargets(unsigned(request.payloads.targets));
  if ((targets === undefined) !== (plan.targetsVersion === 0))
    mismatch('the plan and the request differ on whether targets are signed');
  if (targets && (targets.dialect !== dialect || targets.version !== (plan.targetsVersion ?? 1)))
    mismatch('the targets are not those of the plan');
  if (targets && targets.expires !== plan.expires.targets)
    mismatch('the targets expire at another time than the plan says');
  // What was said above is said more plainly; this leaves nothing out.
  const rebuilt = rebuildDocuments(plan, root);
  const text = (bytes: Uint8Array | undefined): string | undefined =>
    bytes && new TextDecoder().decode(bytes);
  if (!rebuilt || text(rebuilt.root) !== request.payloads.root)
    return mismatch('the root says something that the plan does not');
  if (text(rebuilt.targets) !== request.payloads.targets)
    mismatch('the targets say something that the plan does not');
  const { keys } = rebuilt;
  requireKeysOfTheirOwn(plan, base, keys);
  requireAsked(request, keys);
  const certificates = newCertificates(plan, root, keys);
  return {
    request,
    root,
    base,
    baseTargets,
    keys,
    documents: { root: root.signed, ...(targets ? { targets: targets.signed } : {}) },
    certificates,
    notes: [...keysThatAreNotNew(plan, base, keys), ...rehearsalMarks(plan, root, certificates)],
  };
}

/** The payload is canonical JSON, in which line breaks stand raw: those are escaped before it is parsed. */
function parseCanonical(payload: string): JsonValue {
  const escaped = payload.replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
  return parseJson(bytesOf(escaped));
}

/** A plan says what kind of ceremony it is; its parts must be those of that kind, or its words are another's. */
function requireFormOfKind(plan: SettledPlan): void {
  const { ceremony, base } = plan;
  if (ceremony === 'adoption') mismatch('taking over a repository signs nothing');
  const all = [...plan.holders, ...plan.targets.holders];
  const parts: [boolean, boolean, string][] = [
    [plan.imports !== undefined || plan.chain !== undefined, false, 'what only a taking over has'],
    [base !== undefined, ceremony === 'rotation', 'a root it starts from'],
    [plan.version !== undefined, ceremony === 'rotation', 'the version of a later root'],
    [plan.targetsVersion !== undefined, ceremony === 'rotation', 'the version of later targets'],
    [plan.succeeds !== undefined, ceremony === 'migration', 'a collection it succeeds'],
  ];
  for (const [has, should, what] of parts)
    if (has !== should) mismatch(`its plan ${has ? 'has' : 'lacks'} ${what}, and is not of that kind`);
  if (
    ceremony !== 'rotation' &&
    (plan.replacesOnlineKeys !== undefined || plan.compromised || plan.compromisedTargets)
  )
    mismatch('it speaks of keys that a first root cannot have had');
  if (ceremony !== 'migration' && (plan.currentTargets !== undefined || plan.initialTargets))
    mismatch('it brings targets of another repository, and succeeds none');
  const origin = { genesis: 'keytype', rotation: 'keyId', migration: 'publicKey' }[ceremony];
  for (const holder of all) {
    const isOfKind = origin in holder || (ceremony === 'rotation' && 'keytype' in holder);
    if (!isOfKind)
      mismatch(`the key of ${holder.name} does not come from where its kind of ceremony has keys`);
  }
  if (ceremony === 'migration' && (plan.dialect !== 'tuf-1.0' || plan.succeeds?.dialect !== 'notary-v1'))
    mismatch('only a TUF repository succeeds another one, and that is a Notary collection');
  if (base) {
    const signsTargets = plan.targetsVersion !== 0;
    if ((base.targets !== undefined) !== signsTargets)
      mismatch('it has targets to go on from and signs none, or the other way round');
    if (plan.signers.targets.length > 0 !== signsTargets)
      mismatch('it names who signs targets, and signs none, or the other way round');
  }
}

/** On first sight nothing vouches for the root a request starts from, but it must at least be signed by itself. */
function requireSoundBase(plan: SettledPlan, base: Root | undefined, verifier: SignatureVerifier): void {
  if (!base) return;
  const gun = plan.dialect === 'notary-v1' ? plan.repository : undefined;
  const at = lastSoundMoment(base, Date.parse(plan.created));
  const { quorums } = verifyRoot(base, undefined, false, { verifier, at, gun });
  if (!quorums.every(quorum => quorum.met))
    disagreement('The root the request starts from is not signed as its own role asks.');
}

/** Whose keys the last root lists is where the words about who stays and who leaves come from. */
function requireListedHolders(plan: SettledPlan, base: Root | undefined): void {
  if (!plan.base || !base) return;
  for (const role of roles) {
    const listed = base.roles.get(role)?.keyIds ?? [];
    const named = plan.base.holders[role].map(key => key.keyId);
    if (named.join() !== listed.join())
      disagreement(`The request names other ${role} keys than the root it starts from lists.`);
    // A key that nobody named is called by its ID, and no other key may be called by that.
    for (const { keyId, name } of [
      ...plan.base.holders[role].map(key => ({ keyId: key.keyId, name: key.holder })),
      ...holdersIn(plan, role).map(holder => ({
        keyId: 'keyId' in holder ? holder.keyId : '',
        name: holder.name,
      })),
    ])
      if (listed.some(other => other !== keyId && nameOfUnknown(other) === name))
        disagreement(`The request calls the holder of one ${role} key by the ID of another: ${name}.`);
    for (const holder of holdersIn(plan, role)) {
      if (!('keyId' in holder)) continue;
      const before = plan.base.holders[role].find(key => key.keyId === holder.keyId);
      if (!before)
        disagreement(
          `The request keeps a ${role} key for ${holder.name} that is no ${role} key of the root it starts from.`,
        );
      if (before?.holder !== holder.name)
        disagreement(
          `The request calls the holder of one ${role} key ${before?.holder} before and ${holder.name} after.`,
        );
    }
  }
  const isRetired = (keyId: string): boolean =>
    base.keys.get(keyId)?.publicKey !== undefined &&
    [...base.roles.values()].every(role => !role.keyIds.includes(keyId));
  if (plan.base.legacy.length > 0 && !base.dialect.rootCertificates)
    mismatch('legacy signatures exist in Notary only');
  for (const { holder, keyId } of plan.base.legacy)
    if (!isRetired(keyId))
      disagreement(
        `The request asks ${holder} for a legacy signature with a key that is none of an earlier root.`,
      );
  const targets = base.roles.get('targets');
  const staying = plan.targets.holders.map(holder => ('keyId' in holder ? holder.keyId : ''));
  const isSame = staying.join() === targets?.keyIds.join() && plan.targets.threshold === targets.threshold;
  if (plan.targetsVersion === 0 && !isSame)
    disagreement(
      'The request changes who answers for the targets, and says that the targets stay as they are.',
    );
}

/** Two holders of one name are one person on paper; whoever signs, or lost a key, must hold one. */
function requirePeople(plan: SettledPlan): void {
  const before = plan.base?.holders;
  for (const role of roles) {
    const holders = holdersIn(plan, role);
    const names = holders.map(holder => asRead(holder.name));
    if (new Set(names).size !== names.length) mismatch(`two ${role} holders have the same name`);
    const { threshold } = role === 'root' ? plan : plan.targets;
    if (threshold > holders.length) mismatch(`the ${role} threshold is higher than there are keys`);
    const signers = plan.signers[role];
    if (new Set(signers).size !== signers.length) mismatch(`somebody is to sign the ${role} twice`);
    const mayCount = [
      ...holders.map(holder => holder.name),
      ...(role === 'root'
        ? [...(before?.root ?? []), ...(plan.base?.legacy ?? [])].map(key => key.holder)
        : []),
    ];
    for (const name of signers)
      if (!mayCount.includes(name)) mismatch(`${name} is to sign the ${role} and holds no key that counts`);
    const lost = (role === 'root' ? plan.compromised : plan.compromisedTargets) ?? [];
    if (new Set(lost).size !== lost.length) mismatch(`the ${role} key of somebody is lost twice`);
    for (const name of lost) {
      if (!before?.[role].some(key => key.holder === name))
        mismatch(`the ${role} key of ${name} may be in the wrong hands, and they hold none`);
      if (holders.some(holder => holder.name === name && 'keyId' in holder))
        mismatch(`the ${role} key of ${name} may be in the wrong hands, and stays`);
    }
  }
}

/** The targets a request goes on from are signed anew as they are: they must be the repository's own. */
function targetsBefore(
  plan: SettledPlan,
  base: Root | undefined,
  verifier: SignatureVerifier,
): Targets | undefined {
  if (plan.currentTargets !== undefined) {
    const current = readTargets(bytesOf(plan.currentTargets));
    const converted = convertTargets(current);
    if (current.dialect.name !== plan.succeeds?.dialect || jsonOf(converted) !== jsonOf(plan.initialTargets))
      disagreement('The request begins with other targets than the collection has that it succeeds.');
  }
  if (plan.base?.targets === undefined || !base) return undefined;
  const targets = readTargets(bytesOf(plan.base.targets));
  const at = lastSoundMoment(base, Date.parse(plan.created));
  const problems = verifyTargets(targets, base, { verifier, at }).problems.filter(
    ({ code }) => code !== 'expired',
  );
  if (problems.length > 0)
    disagreement(
      `The targets the request goes on from are not those of the root it starts from. ${problems.map(({ message }) => message).join(' ')}`,
    );
  if (plan.targetsVersion !== targets.version + 1)
    disagreement(
      `The request makes targets version ${plan.targetsVersion} of version ${targets.version}; the next one is ${targets.version + 1}.`,
    );
  return targets;
}

const jsonOf = (value: unknown): string =>
  value === undefined ? '' : jsonText(JSON.parse(JSON.stringify(value)) as JsonValue);

const isNew = (holder: SettledHolder | undefined): boolean => holder !== undefined && 'keytype' in holder;
const holderOf = (plan: SettledPlan, key: HolderKey): SettledHolder | undefined =>
  holdersIn(plan, key.role).find(holder => holder.name === key.holder);

/** A key that enters is nobody else's: one person is one voice. */
function requireKeysOfTheirOwn(plan: SettledPlan, base: Root | undefined, keys: readonly HolderKey[]): void {
  for (const key of keys) {
    const other = keys.find(one => one !== key && one.fingerprint === key.fingerprint);
    if (isNew(holderOf(plan, key)) && other)
      disagreement(
        `The new ${key.role} key of ${key.holder} is the ${other.role} key of ${other.holder} as well.`,
      );
    const listed = plan.base?.holders[key.role].find(
      one => base?.keys.get(one.keyId)?.publicKey?.fingerprint === key.fingerprint,
    );
    if (isNew(holderOf(plan, key)) && listed)
      disagreement(
        `The ${key.role} key of ${key.holder} is not new: the root it starts from lists it as that of ${listed.holder}.`,
      );
  }
}

/** @returns what to know of keys a plan calls new and the last root lists in another place */
function keysThatAreNotNew(
  plan: SettledPlan,
  base: Root | undefined,
  keys: readonly HolderKey[],
): readonly string[] {
  return keys.flatMap(key => {
    const listed = isNew(holderOf(plan, key))
      ? [...(base?.keys.values() ?? [])].find(one => one.publicKey?.fingerprint === key.fingerprint)
      : undefined;
    if (!listed) return [];
    const other = key.role === 'root' ? 'targets' : 'root';
    const before = plan.base?.holders[other].find(one => one.keyId === listed.keyId);
    const what = before
      ? `the ${other} key of ${before.holder}`
      : 'a key of an earlier root that was taken out';
    return [`The ${key.role} key that ${key.holder} gets is not new: in the last root it is ${what}.`];
  });
}

/** A rehearsal's root is nothing to sign with a real key; taken over by mistake, it looks like any other. */
function rehearsalMarks(
  plan: SettledPlan,
  root: Root,
  certificates: CheckedRequest['certificates'],
): readonly string[] {
  const isMarked =
    'x-rootward-rehearsal' in root.signed ||
    certificates.some(({ certificate }) => certificate.subjectText.includes('REHEARSAL'));
  return isMarked && !plan.rehearsal
    ? ['The root bears the mark of a rehearsal, and the request is for a real one.']
    : [];
}

/** Notary: a certificate made in this ceremony is what a client will take for its key. */
function newCertificates(
  plan: SettledPlan,
  root: Root,
  keys: readonly HolderKey[],
): CheckedRequest['certificates'] {
  if (!root.dialect.rootCertificates) return [];
  return keys.flatMap(key => {
    const holder = holderOf(plan, key);
    const listed = root.keys.get(key.keyId);
    const certificate = listed?.certificates[0];
    const isMade = holder && (!('keyId' in holder) || holder.renewCertificate);
    if (key.role !== 'root' || !isMade) return [];
    if (!listed || !certificate) return disagreement(`The new key of ${key.holder} has no certificate.`);
    // The plan may be older than the certificate by the days that the ceremony took.
    const at = Math.max(Date.parse(plan.created), Date.parse(certificate.notBefore));
    const refusal = root.dialect.rejectRootKey(listed, { gun: plan.repository, at, checkExpiry: true });
    if (refusal !== undefined) disagreement(`The new key of ${key.holder} will not count: ${refusal}.`);
    if (!verifyCertificateSignature(certificate, certificate.publicKey))
      disagreement(`The new certificate of ${key.holder} is not signed by the key that it is for.`);
    return [{ holder: key.holder, certificate }];
  });
}

/** Who is asked, and with which key, follows from the plan alone. */
function requireAsked(request: SigningRequest, keys: readonly HolderKey[]): void {
  const { plan } = request;
  const base = baseRoot(plan);
  const planned = scriptFor(plan).flatMap((step): Asked[] => {
    if (step.kind !== 'sign' || !step.role || !step.holder) return [];
    const { role, holder } = step;
    const fingerprint =
      step.listedKey === undefined
        ? keys.find(key => key.role === role && key.holder === holder)?.fingerprint
        : [...(base?.keys.values() ?? [])].find(key => key.publicKey?.fingerprint === step.listedKey)
            ?.publicKey?.fingerprint;
    if (fingerprint === undefined) return [];
    return [{ holder, role, fingerprint, keyIds: plannedKeyIds(plan, keys, role, fingerprint) }];
  });
  const seen = new Set<string>();
  for (const asked of request.asked) {
    const { holder, role, fingerprint, keyIds } = asked;
    const name = `${role} ${fingerprint}`;
    const found = planned.find(
      one => one.holder === holder && one.role === role && one.fingerprint === fingerprint,
    );
    if (!found || found.keyIds.join() !== keyIds.join())
      mismatch(`the key ${(keyIds[0] ?? '').slice(0, 12)} is not the one ${holder} is asked for`);
    if (seen.has(name)) mismatch(`${holder} is asked twice for one signature`);
    seen.add(name);
  }
}
