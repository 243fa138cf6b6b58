import type { DialectName } from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';

/** A file as it says itself what it is. Only to sort and name things: the custodian verifies. */
export interface Published {
  readonly id: number;
  readonly file: FileInput;
  readonly kind: 'root' | 'targets' | 'other';
  readonly version: number;
  readonly keys: readonly PublishedKey[];
  readonly dialect: DialectName;
  readonly thresholds: Readonly<Record<'root' | 'targets', number>>;
}
export interface PublishedKey {
  readonly role: 'root' | 'targets';
  readonly keyId: string;
  readonly keytype: string;
}

interface Claimed {
  readonly signed?: {
    readonly _type?: unknown;
    readonly version?: unknown;
    readonly spec_version?: unknown;
    readonly keys?: Readonly<Record<string, { readonly keytype?: unknown } | undefined>>;
    readonly roles?: Readonly<
      Record<string, { readonly keyids?: unknown; readonly threshold?: unknown } | undefined>
    >;
  };
}

function parse(file: FileInput): Claimed | null {
  try {
    return JSON.parse(new TextDecoder().decode(file.bytes)) as Claimed | null;
  } catch {
    return null;
  }
}

/** @returns what a file claims to be */
export function readPublished(file: FileInput, id: number): Published {
  const { signed } = parse(file) ?? {};
  const type = typeof signed?._type === 'string' ? signed._type.toLowerCase() : '';
  const kind = type === 'root' || type === 'targets' ? type : 'other';
  const roleOf = (role: 'root' | 'targets') => (kind === 'root' ? signed?.roles?.[role] : undefined);
  const threshold = (role: 'root' | 'targets'): number => {
    const claimed = roleOf(role)?.threshold;
    return typeof claimed === 'number' ? claimed : 1;
  };
  return {
    id,
    file,
    kind,
    version: typeof signed?.version === 'number' ? signed.version : 0,
    dialect: signed?.spec_version === undefined ? 'notary-v1' : 'tuf-1.0',
    thresholds: { root: threshold('root'), targets: threshold('targets') },
    keys: (['root', 'targets'] as const).flatMap(role => {
      const ids = roleOf(role)?.keyids;
      return (Array.isArray(ids) ? ids : [])
        .filter((keyId): keyId is string => typeof keyId === 'string' && /^[0-9a-f]{4,64}$/.test(keyId))
        .map(keyId => ({ role, keyId, keytype: String(signed?.keys?.[keyId]?.keytype ?? '') }));
    }),
  };
}

/** @returns the files with others added: each version of the root once, oldest first, and one targets */
export function addPublished(
  before: readonly Published[],
  added: readonly Published[],
): readonly Published[] {
  const roots = new Map<number, Published>();
  let targets: Published | undefined;
  for (const one of [...before, ...added]) {
    if (one.kind === 'root') roots.set(one.version, one);
    else if (one.kind === 'targets' && (!targets || one.version >= targets.version)) targets = one;
  }
  return [...[...roots.values()].sort((a, b) => a.version - b.version), ...(targets ? [targets] : [])];
}
