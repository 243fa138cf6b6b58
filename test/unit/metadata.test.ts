/** Reading metadata of both dialects: what must be there, in which form, and where a message says it is wrong. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../shared/contract/errors.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import type { JsonObject, JsonValue } from '../../shared/tuf/json.ts';
import { readMetadata, readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { canonicalJson as independent } from '../interop/peers/online-roles.ts';
import {
  documentOf,
  listKey,
  makeTestKey,
  plain,
  rootSigned,
  signedBy,
  targetsSigned,
} from './build-metadata.ts';
import { expectRefused, refusal } from './errors.ts';

const gun = 'registry.example.com/app';
const dialects = [notaryV1, tuf10] as const;

const ecdsa = makeTestKey('ecdsa-p256');
const spare = makeTestKey('ecdsa-p384');
const online = makeTestKey('ed25519');
function parts(dialect: Dialect) {
  const name = dialect.rootCertificates ? gun : undefined;
  const keys = [listKey(dialect, ecdsa, name), listKey(dialect, spare, name)];
  return { keys, online: listKey(dialect, online) };
}
function rootOf(dialect: Dialect, extra: JsonObject = {}) {
  const { keys, online } = parts(dialect);
  const signed = rootSigned({ dialect, version: 1, root: { keys, threshold: 2 }, online, extra });
  return { signed, bytes: signedBy(dialect, signed, keys), keys, online };
}

type Path = readonly (string | number)[];
/** The document with one value replaced, or removed where the value is undefined. */
function changed(bytes: Uint8Array, path: Path, value: JsonValue | undefined): Uint8Array {
  const document = plain(bytes) as unknown as Record<string | number, unknown>;
  let place = document;
  for (const step of path.slice(0, -1)) place = place[step] as typeof place;
  const last = path.at(-1) as string | number;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return documentOf(document.signed as JsonValue, document.signatures as JsonValue);
}

describe.each(dialects)('a root of $name', dialect => {
  const { bytes, keys, signed } = rootOf(dialect);
  const keyId = keys[0]?.keyId as string;
  const inBrackets = /^[A-Za-z_]/.test(keyId) ? `.${keyId}` : `["${keyId}"]`;

  it('is read', () => {
    const root = readRoot(bytes);
    expect(root).toMatchObject({ type: 'root', version: 1, consistentSnapshot: dialect.consistentSnapshot });
    expect(root.dialect).toBe(dialect);
    expect([...root.roles.keys()].toSorted()).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
    expect(root.roles.get('root')).toEqual({ keyIds: keys.map(key => key.keyId), threshold: 2 });
    expect(root.keys.get(keyId)?.publicKey?.fingerprint).toBe(keys[0]?.publicKey.fingerprint);
    expect(root.signatures).toHaveLength(2);
    expect(root.notices).toEqual([]);
    expect(Buffer.from(root.payload).equals(independent(signed))).toBe(true);
  });

  const cases: [string, Path, JsonValue | undefined, ErrorCode, string?][] = [
    ['no type', ['signed', '_type'], undefined, 'missing-field', 'signed._type'],
    ['a type that is a number', ['signed', '_type'], 1, 'wrong-type', 'signed._type'],
    ['an unknown type', ['signed', '_type'], 'mirrors', 'unknown-format', 'signed._type'],
    ['signed that is a list', ['signed'], [], 'wrong-type', 'signed'],
    ['signed that is null', ['signed'], null, 'wrong-type', 'signed'],
    ['no version', ['signed', 'version'], undefined, 'missing-field', 'signed.version'],
    ['version zero', ['signed', 'version'], 0, 'invalid-value', 'signed.version'],
    ['a negative version', ['signed', 'version'], -1, 'invalid-value', 'signed.version'],
    ['a version in quotes', ['signed', 'version'], '1', 'wrong-type', 'signed.version'],
    ['a version that is true', ['signed', 'version'], true, 'wrong-type', 'signed.version'],
    ['no expiry', ['signed', 'expires'], undefined, 'missing-field', 'signed.expires'],
    ['an expiry that is a number', ['signed', 'expires'], 4102444800, 'wrong-type', 'signed.expires'],
    [
      'an impossible expiry',
      ['signed', 'expires'],
      '2030-02-30T00:00:00Z',
      'invalid-value',
      'signed.expires',
    ],
    ['no keys', ['signed', 'keys'], undefined, 'missing-field', 'signed.keys'],
    ['keys in a list', ['signed', 'keys'], [], 'wrong-type', 'signed.keys'],
    ['a key that is null', ['signed', 'keys', keyId], null, 'wrong-type', `signed.keys${inBrackets}`],
    ['a key that is text', ['signed', 'keys', keyId], 'x', 'wrong-type', `signed.keys${inBrackets}`],
    ['no roles', ['signed', 'roles'], undefined, 'missing-field', 'signed.roles'],
    ...['root', 'targets', 'snapshot', 'timestamp'].map(
      (role): [string, Path, undefined, ErrorCode, string] => [
        `no role ${role}`,
        ['signed', 'roles', role],
        undefined,
        'missing-field',
        `signed.roles.${role}`,
      ],
    ),
    ['a role that is null', ['signed', 'roles', 'root'], null, 'wrong-type', 'signed.roles.root'],
    [
      'no threshold',
      ['signed', 'roles', 'root', 'threshold'],
      undefined,
      'missing-field',
      'signed.roles.root.threshold',
    ],
    [
      'threshold zero',
      ['signed', 'roles', 'root', 'threshold'],
      0,
      'invalid-value',
      'signed.roles.root.threshold',
    ],
    [
      'a negative threshold',
      ['signed', 'roles', 'root', 'threshold'],
      -1,
      'invalid-value',
      'signed.roles.root.threshold',
    ],
    [
      'a threshold that is true',
      ['signed', 'roles', 'root', 'threshold'],
      true,
      'wrong-type',
      'signed.roles.root.threshold',
    ],
    [
      'no key IDs',
      ['signed', 'roles', 'root', 'keyids'],
      undefined,
      'missing-field',
      'signed.roles.root.keyids',
    ],
    [
      'a key ID alone',
      ['signed', 'roles', 'root', 'keyids'],
      keyId,
      'wrong-type',
      'signed.roles.root.keyids',
    ],
    [
      'a key ID twice',
      ['signed', 'roles', 'root', 'keyids'],
      [keyId, keyId],
      'invalid-value',
      'signed.roles.root.keyids',
    ],
    [
      'an unlisted key ID',
      ['signed', 'roles', 'root', 'keyids'],
      ['00'],
      'invalid-value',
      'signed.roles.root.keyids[0]',
    ],
    [
      'a key ID that is a number',
      ['signed', 'roles', 'root', 'keyids'],
      [1],
      'wrong-type',
      'signed.roles.root.keyids[0]',
    ],
    [
      'a key ID of Object’s own',
      ['signed', 'roles', 'root', 'keyids'],
      ['constructor'],
      'invalid-value',
      'signed.roles.root.keyids[0]',
    ],
    [
      'snapshots in words',
      ['signed', 'consistent_snapshot'],
      'true',
      'wrong-type',
      'signed.consistent_snapshot',
    ],
    ['no signature key ID', ['signatures', 0, 'keyid'], undefined, 'missing-field', 'signatures[0].keyid'],
    ['no signature', ['signatures', 1, 'sig'], undefined, 'missing-field', 'signatures[1].sig'],
    ['a signature that is a number', ['signatures', 0, 'sig'], 1, 'wrong-type', 'signatures[0].sig'],
    ['a signature that is a list', ['signatures', 0], [], 'wrong-type', 'signatures[0]'],
    ['signatures in an object', ['signatures'], {}, 'wrong-type', 'signatures'],
  ];
  it.each(cases)('is refused with %s', (_name, path, value, code, place) => {
    expectRefused(() => readRoot(changed(bytes, path, value)), code, place);
  });

  it('is refused when a key stands under an ID that is not its own, wherever it is named so', () => {
    const renamed = new TextDecoder().decode(bytes).replaceAll(keyId, 'f'.repeat(64));
    expect(renamed).not.toContain(keyId);
    expectRefused(() => readRoot(new TextEncoder().encode(renamed)), 'invalid-value', 'signed.keys');
  });

  it('keeps unknown fields everywhere, and signs over them', () => {
    const odd = { 'x-note': ['kept', { __proto__x: 1, deep: [null, true] }], '\ue000': 1, '\u{10000}': 2 };
    const { bytes: withFields, signed: signedPart } = rootOf(dialect, odd);
    const root = readRoot(withFields);
    expect(Buffer.from(root.payload).equals(independent(signedPart))).toBe(true);
    expect(JSON.stringify(root.signed['x-note'])).toBe(JSON.stringify(odd['x-note']));
  });

  it('may have further roles and further keys that no role names', () => {
    const extra = listKey(dialect, makeTestKey('ed25519'));
    const document = plain(bytes);
    const roles = {
      ...(document.signed.roles as JsonObject),
      mirrors: { keyids: [extra.keyId], threshold: 1 },
    };
    const listed = { ...(document.signed.keys as JsonObject), [extra.keyId]: extra.object };
    const root = readRoot(documentOf({ ...document.signed, roles, keys: listed }, document.signatures));
    expect(root.roles.get('mirrors')).toEqual({ keyIds: [extra.keyId], threshold: 1 });
  });

  it('has no more keys and signatures than can be checked in a while', () => {
    const signature = plain(bytes).signatures[0] as JsonObject;
    const many = Array.from({ length: 1001 }, (_, index) => ({ ...signature, keyid: `${index}` }));
    expectRefused(() => readRoot(documentOf(signed, many)), 'invalid-value', 'signatures');
    expect(readRoot(documentOf(signed, many.slice(1))).signatures).toHaveLength(1000);
    const key = plain(bytes).signed.keys as JsonObject;
    const copies = Object.fromEntries(
      Array.from({ length: 1001 }, (_, index) => [`${index}`, key[keyId] as JsonValue]),
    );
    expectRefused(
      () => readRoot(documentOf({ ...signed, keys: copies }, [])),
      'invalid-value',
      'signed.keys',
    );
  });

  it('says what is wrong without letting the file write on the terminal', () => {
    const hostile = '\u001b[2J\u202egood\u0007\n';
    for (const path of [
      ['signed', 'expires'],
      ['signed', 'spec_version'],
      ['signed', 'roles', 'root', 'keyids'],
      ['signed', 'keys'],
    ]) {
      const value =
        path.at(-1) === 'keyids' ? [hostile] : path.at(-1) === 'keys' ? { [hostile]: 1 } : hostile;
      const error =
        dialect === notaryV1 && path.at(-1) === 'spec_version'
          ? undefined
          : refusal(() => readRoot(changed(bytes, path, value)));
      expect(`${error?.message} ${error?.place}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

describe('targets', () => {
  const hashes = { sha256: '00' };
  it.each(dialects)('of $name are read', dialect => {
    const signed = targetsSigned(dialect, {
      targets: { 'app/1.0': { hashes, length: 3, custom: { any: 1 } }, __proto: { hashes, length: 0 } },
      delegations: { keys: {}, roles: [{ name: 'targets/a', keyids: [], threshold: 1, paths: [''] }] },
    });
    const targets = readTargets(signedBy(dialect, signed, []));
    expect(targets).toMatchObject({ type: 'targets', targetCount: 2, delegations: ['targets/a'] });
  });

  it.each([
    ['no targets', { targets: undefined }, 'missing-field', 'signed.targets'],
    ['targets in a list', { targets: [] }, 'wrong-type', 'signed.targets'],
    ['no length', { targets: { a: { hashes } } }, 'missing-field', 'signed.targets.a.length'],
    [
      'a negative length',
      { targets: { a: { hashes, length: -1 } } },
      'invalid-value',
      'signed.targets.a.length',
    ],
    ['no hashes', { targets: { a: { length: 1 } } }, 'missing-field', 'signed.targets.a.hashes'],
    [
      'empty hashes',
      { targets: { a: { length: 1, hashes: {} } } },
      'invalid-value',
      'signed.targets.a.hashes',
    ],
    [
      'a hash that is a number',
      { targets: { a: { length: 1, hashes: { sha256: 1 } } } },
      'wrong-type',
      'signed.targets.a.hashes.sha256',
    ],
    ['delegations that are a list', { delegations: [] }, 'wrong-type', 'signed.delegations'],
    [
      'a delegation without a name',
      { delegations: { keys: {}, roles: [{}] } },
      'missing-field',
      'signed.delegations.roles[0].name',
    ],
  ] as [string, Record<string, JsonValue | undefined>, ErrorCode, string][])(
    'are refused with %s',
    (_name, extra, code, place) => {
      const signed = { ...targetsSigned(tuf10), ...extra } as JsonObject;
      expectRefused(
        () => readTargets(new TextEncoder().encode(JSON.stringify({ signed, signatures: [] }))),
        code,
        place,
      );
    },
  );

  it('may hand hashed bins to one succinct delegation (TAP 15), which has no list of roles', () => {
    const succinct = { keyids: [], threshold: 1, bit_length: 4, name_prefix: 'bin' };
    const signed = targetsSigned(tuf10, { delegations: { keys: {}, succinct_roles: succinct } });
    expect(readTargets(signedBy(tuf10, signed, [])).delegations).toEqual(['bin-0 to bin-f']);
  });
});

describe('documents', () => {
  const { bytes } = rootOf(tuf10);
  it('of one role are not taken for another', () => {
    expectRefused(() => readTargets(bytes), 'unknown-format', 'signed._type');
    expectRefused(
      () => readRoot(signedBy(tuf10, targetsSigned(tuf10), [])),
      'unknown-format',
      'signed._type',
    );
    const timestamp = { ...targetsSigned(tuf10), _type: 'timestamp', meta: {} };
    expect(readMetadata(documentOf(timestamp, [])).type).toBe('timestamp');
  });

  it('that are other JSON are no metadata', () => {
    for (const text of ['{}', '[]', 'null', '1', '"signed"', '{"signed":{}}', '{"signatures":[]}'])
      expectRefused(() => readMetadata(new TextEncoder().encode(text)), 'unknown-format');
  });

  it('of TUF name their version of the specification, which must be 1.x', () => {
    for (const good of ['1.0', '1.0.0', '1.0.34', '1.99.1'])
      expect(readRoot(changed(bytes, ['signed', 'spec_version'], good)).version).toBe(1);
    for (const bad of ['2.0.0', '0.9', '1', '1.0.0.0', '1.0.x', 'v1.0', '', '1.0.34 ', '10.0.0'])
      expectRefused(
        () => readRoot(changed(bytes, ['signed', 'spec_version'], bad)),
        'invalid-value',
        'signed.spec_version',
      );
  });

  it('of TUF with a date in another form than TUF’s are told, and Notary’s are not', () => {
    const loose = '2046-01-01T00:00:00.5+01:00';
    expect(readRoot(changed(bytes, ['signed', 'expires'], loose)).notices).toHaveLength(1);
    expect(readRoot(changed(rootOf(notaryV1).bytes, ['signed', 'expires'], loose)).notices).toEqual([]);
  });

  it('of TUF with two signatures under one key ID are refused; of Notary they are read, and count once', () => {
    const twice = (dialect: Dialect): Uint8Array => {
      const { signatures } = plain(rootOf(dialect).bytes);
      return changed(rootOf(dialect).bytes, ['signatures'], [...signatures, signatures[0] as JsonObject]);
    };
    expectRefused(() => readRoot(twice(tuf10)), 'invalid-value', 'signatures[2]');
    expect(readRoot(twice(notaryV1)).signatures).toHaveLength(3);
  });
});
