import type { ListedKey } from '../dialects/dialect.ts';
import { topLevelRoles } from '../dialects/dialect.ts';
import { dateInWords } from '../display/dates.ts';
import type { Root, SignedDocument, Targets } from './metadata.ts';

/**
 * What changes from one document to another, in plain words, without knowing anybody's name: keys are named by
 * their key ID, and a key whose certificate alone is new is told as such.
 */
export function rootDifference(
  before: SignedDocument | Root | Targets,
  after: SignedDocument | Root | Targets,
): string[] {
  const sentences: string[] = [];
  if (before.dialect !== after.dialect)
    sentences.push(`${before.dialect.title} becomes ${after.dialect.title}.`);
  if (before.type !== after.type)
    return [...sentences, `The first is ${before.type}, the second ${after.type} metadata.`];
  if (before.version !== after.version)
    sentences.push(`Version ${before.version} becomes version ${after.version}.`);
  if (isRoot(before) && isRoot(after))
    for (const name of topLevelRoles) sentences.push(...roleDifference(name, before, after));
  if (before.expires !== after.expires) {
    const day = (document: SignedDocument): string => dateInWords(new Date(document.expiresAt).toISOString());
    sentences.push(`Valid until ${day(after)} instead of ${day(before)}.`);
  }
  return sentences;
}

const isRoot = (document: SignedDocument): document is Root => document.type === 'root';

function roleDifference(name: string, before: Root, after: Root): string[] {
  const sentences: string[] = [];
  const keysOf = (root: Root): Map<string, ListedKey> =>
    new Map(
      (root.roles.get(name)?.keyIds ?? []).flatMap(keyId => {
        const key = root.keys.get(keyId);
        return key ? [[key.publicKey?.fingerprint ?? keyId, key] as const] : [];
      }),
    );
  const old = keysOf(before);
  const now = keysOf(after);
  const short = (key: ListedKey): string => key.keyId.slice(0, 12);
  for (const [fingerprint, key] of old) {
    const kept = now.get(fingerprint);
    if (!kept) sentences.push(`The ${name} key ${short(key)} leaves.`);
    else if (kept.keyId !== key.keyId)
      sentences.push(`The ${name} key ${short(key)} is listed anew as ${short(kept)}; the key is the same.`);
  }
  for (const [fingerprint, key] of now)
    if (!old.has(fingerprint)) sentences.push(`The ${name} key ${short(key)} joins.`);
  const oldThreshold = before.roles.get(name)?.threshold;
  const threshold = after.roles.get(name)?.threshold;
  if (oldThreshold !== threshold || old.size !== now.size) {
    sentences.push(`${name}: any ${threshold} of ${now.size} instead of any ${oldThreshold} of ${old.size}.`);
  }
  return sentences;
}
