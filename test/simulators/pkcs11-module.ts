/**
 * A PKCS#11 module in memory, with the calls Rootward uses and real P-256 crypto, for what SoftHSM2 never does: blocked
 * PINs, tokens that are pulled, keypads, keys that ask at every use, and answers that are wrong.
 * test/interop/pkcs11.test.ts drives the same code on SoftHSM2.
 */
import { p256 } from '@noble/curves/nist.js';
import type { Attribute } from 'pkcs11js';
import type { Cryptoki } from '../../electron/signers/pkcs11/module.ts';
import { attribute, curveNames, objectClass } from '../../electron/signers/pkcs11/objects.ts';
import { writeOctetString } from '../../shared/tuf/der.ts';

export interface ModuleQuirks {
  pin?: string;
  tries?: number;
  /** The return value a call gives instead of working: `{ C_Sign: 'CKR_DEVICE_REMOVED' }`. */
  failing?: Partial<Record<keyof Cryptoki, string>>;
  /** Flags added to CK_TOKEN_INFO. */
  flags?: number;
  /** How CKA_EC_POINT is given. */
  point?: 'octet-string' | 'bare';
  /** Public keys are shown only after the PIN. */
  hidesKeys?: boolean;
  /** Two private keys under one CKA_ID. */
  doubled?: boolean;
  alwaysAuthenticate?: boolean;
  extractable?: boolean;
  mechanisms?: number[];
  /** Changes each signature. */
  signature?: (signature: Uint8Array) => Uint8Array;
  /** Changes each attribute's value. */
  attribute?: (value: Buffer) => Buffer;
}

/** What happened, for a test to look at. */
export interface ModuleLog {
  calls: string[];
  pins: string[];
}

interface StoredObject {
  handle: Buffer;
  values: Map<number, Buffer>;
}

const handle = (number: number): Buffer => Buffer.from([number]);
const failure = (name: string): Error => {
  // As pkcs11js words it: name and number in the message.
  const error = new Error(name);
  error.name = 'Pkcs11Error';
  return error;
};

/** @returns the module, and a log of what was asked of it. */
export function simulatedModule(quirks: ModuleQuirks = {}): { cryptoki: Cryptoki; log: ModuleLog } {
  const log: ModuleLog = { calls: [], pins: [] };
  const secrets = new Map<number, Uint8Array>();
  const objects: StoredObject[] = [];
  let triesLeft = quirks.tries ?? 3;
  let pin = quirks.pin ?? '123456';
  let loggedIn = false;
  let search: Buffer[] = [];
  let signing: { key: number; unlocked: boolean } | undefined;

  const store = (values: [number, Buffer][]): StoredObject => {
    const object = { handle: handle(objects.length + 1), values: new Map(values) };
    objects.push(object);
    return object;
  };
  const bool = (value: boolean) => Buffer.from([value ? 1 : 0]);
  const number = (value: number) => Buffer.from([value, 0, 0, 0, 0, 0, 0, 0]);
  const bufferOf = (value: Attribute['value']): Buffer =>
    Buffer.isBuffer(value)
      ? value
      : typeof value === 'boolean'
        ? bool(value)
        : typeof value === 'number'
          ? number(value)
          : Buffer.from(String(value));
  const visibleNow = (object: StoredObject): boolean =>
    loggedIn || (!quirks.hidesKeys && object.values.get(attribute.class)?.[0] === objectClass.publicKey);

  const calls: Cryptoki = {
    C_Initialize: () => {},
    C_Finalize: () => {
      loggedIn = false;
    },
    C_GetSlotList: () => [handle(1)],
    C_GetTokenInfo: () => ({
      label: 'Simulated'.padEnd(32),
      manufacturerID: 'Rootward tests'.padEnd(32),
      model: 'none'.padEnd(16),
      serialNumber: '42'.padEnd(16),
      flags:
        0x40d |
        (quirks.flags ?? 0) |
        (triesLeft === 0 ? 0x40000 : triesLeft === 1 ? 0x20000 : triesLeft === 2 ? 0x10000 : 0),
      maxSessionCount: 0,
      sessionCount: 0,
      maxRwSessionCount: 0,
      rwSessionCount: 0,
      maxPinLen: 16,
      minPinLen: 4,
      totalPublicMemory: 0,
      freePublicMemory: 0,
      totalPrivateMemory: 0,
      freePrivateMemory: 0,
      hardwareVersion: { major: 1, minor: 0 },
      firmwareVersion: { major: 1, minor: 0 },
      utcTime: '',
    }),
    C_GetMechanismList: () => quirks.mechanisms ?? [0x1040, 0x1041],
    C_OpenSession: () => handle(9),
    C_CloseSession: () => {
      loggedIn = false;
    },
    C_Login: (_session, kind, typed) => {
      log.pins.push(typed ?? '');
      if (triesLeft === 0) throw failure('CKR_PIN_LOCKED');
      if (typed !== ((quirks.flags ?? 0) & 0x100 ? '' : pin)) {
        triesLeft -= 1;
        throw failure('CKR_PIN_INCORRECT');
      }
      triesLeft = quirks.tries ?? 3;
      if (kind === 2 && signing) signing.unlocked = true;
      loggedIn = true;
    },
    C_Logout: () => {
      loggedIn = false;
    },
    C_SetPIN: (_session, _old, next) => {
      pin = next;
    },
    C_FindObjectsInit: (_session, template) => {
      search = objects
        .filter(visibleNow)
        .filter(object =>
          template.every(({ type, value }) => object.values.get(type)?.[0] === bufferOf(value)[0]),
        )
        .map(object => object.handle);
    },
    C_FindObjects: ((_session: Buffer, most?: number) =>
      search.splice(0, most ?? 1)) as Cryptoki['C_FindObjects'],
    C_FindObjectsFinal: () => {},
    C_GetAttributeValue: (_session, wanted, template) =>
      template.map(({ type }) => {
        const value = objects.find(object => object.handle.equals(wanted))?.values.get(type);
        if (value === undefined) throw failure('CKR_ATTRIBUTE_TYPE_INVALID');
        return { type, value: quirks.attribute?.(value) ?? value };
      }),
    C_GenerateKeyPair: ((
      _session: Buffer,
      _mechanism: unknown,
      publicTemplate: Attribute[],
      privateTemplate: Attribute[],
    ) => {
      const secret = p256.utils.randomSecretKey();
      const raw = p256.getPublicKey(secret, false);
      const of = (template: Attribute[]): [number, Buffer][] =>
        template.map(({ type, value }) => [type, bufferOf(value)]);
      const publicKey = store([
        ...of(publicTemplate),
        [attribute.ecPoint, Buffer.from(quirks.point === 'bare' ? raw : writeOctetString(raw))],
      ]);
      const values: [number, Buffer][] = [
        ...of(privateTemplate),
        [attribute.local, bool(true)],
        [attribute.neverExtractable, bool(true)],
        [attribute.extractable, bool(quirks.extractable ?? false)],
        [attribute.alwaysAuthenticate, bool(quirks.alwaysAuthenticate ?? false)],
        [attribute.ecParameters, Buffer.from(curveNames['ecdsa-p256'][0] as Uint8Array)],
      ];
      const privateKey = store(values);
      secrets.set(privateKey.handle[0] as number, secret);
      if (quirks.doubled) store(values);
      return { publicKey: publicKey.handle, privateKey: privateKey.handle };
    }) as Cryptoki['C_GenerateKeyPair'],
    C_DestroyObject: (_session, wanted) => {
      objects.splice(
        objects.findIndex(object => object.handle.equals(wanted)),
        1,
      );
    },
    C_SignInit: (_session, _mechanism, key) => {
      signing = { key: key[0] as number, unlocked: !quirks.alwaysAuthenticate };
    },
    C_Sign: (_session, data) => {
      const secret = signing && secrets.get(signing.key);
      if (!loggedIn || !signing?.unlocked) throw failure('CKR_USER_NOT_LOGGED_IN');
      if (!secret) throw failure('CKR_KEY_HANDLE_INVALID');
      const made = p256.sign(data, secret, { prehash: false, lowS: false });
      return Buffer.from(quirks.signature?.(made) ?? made);
    },
  };
  const watched = Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      (...args: unknown[]) => {
        log.calls.push(name);
        const failing = quirks.failing?.[name as keyof Cryptoki];
        if (failing !== undefined) throw failure(failing);
        return (call as (...values: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as Cryptoki;
  return { cryptoki: watched, log };
}
