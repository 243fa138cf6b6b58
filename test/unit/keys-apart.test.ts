/** A key is kept offline or used online, never both: wherever online keys, or holders' keys, come in. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { checkSigningRequest } from '../../shared/ceremony/check-request.ts';
import { keyInBothPlaces, offlineKeysOf } from '../../shared/ceremony/keys-apart.ts';
import { adoptionPlanSchema, genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { planAdoption } from '../../shared/ceremony/plan-adoption.ts';
import { requestFor, writeFile } from '../../shared/ceremony/signing-request.ts';
import type { CeremonyState } from '../../shared/ceremony/state.ts';
import type { RootwardError } from '../../shared/contract/errors.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { pemOf, plainPlan } from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, p256 } from '../interop/rotation-program.ts';
import { type ListedTestKey, listKey, makeTestKey, rootSigned, signedBy } from './build-metadata.ts';
import { MemoryDesk } from './build-rotation.ts';

type Roles = Record<'root' | 'targets' | 'snapshot' | 'timestamp', ListedTestKey[]>;
/** A first root of one key a role that counts, signed by its root keys. */
function rootFile(roles: Roles): Uint8Array {
  const all = Object.values(roles).flat();
  const signed = rootSigned({
    dialect: tuf10,
    version: 1,
    root: { keys: roles.root, threshold: 1 },
    online: roles.snapshot[0] as ListedTestKey,
    extra: {
      keys: Object.fromEntries(all.map(key => [key.keyId, key.object])),
      roles: Object.fromEntries(
        Object.entries(roles).map(([name, keys]) => [
          name,
          { keyids: keys.map(key => key.keyId), threshold: 1 },
        ]),
      ),
    },
  });
  return signedBy(tuf10, signed, roles.root);
}

const repository = 'registry.example.com/payments';
const goodKey = () => pemOf(generateOnlineKey('ed25519'));
const atSignatures = { without: (step: { kind: string }) => step.kind === 'sign' };

/** A change in which Carol, who left in the version before, is still listed (Notary), and Bob leaves. */
function changing(dialect: 'notary-v1' | 'tuf-1.0') {
  const desk = new MemoryDesk();
  desk.genesis(dialect);
  desk.hold(desk.open(desk.settled(desk.lookAtRotation({ remove: ['Carol'], add: p256('Dora') }))));
  const changes = { remove: ['Bob'], add: p256('Emil'), online: { snapshot: 's', timestamp: 't' } };
  const id = desk.open(desk.settled(desk.lookAtRotation(changes)));
  desk.hold(id, atSignatures);
  return { desk, id };
}

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`in a change of a ${dialect} repository`, () => {
    it('keys of the root before are offline keys too: of those who leave, and of those who left', () => {
      const { desk, id } = changing(dialect);
      const words = new Set(offlineKeysOf(desk.state(id)).map(key => key.words));
      for (const name of ['Alice', 'Bob', 'Dora', 'Emil']) expect(words).toContain(`the root key of ${name}`);
      expect(words).toContain('the targets key of Tara');
      expect(words.has('a key without a role in root version 2')).toBe(dialect === 'notary-v1');
      expect(words.size).toBe(dialect === 'notary-v1' ? 6 : 5);
    });

    it('a request that uses one of them online is refused, whoever wrote it', () => {
      const { desk, id } = changing(dialect);
      const state = desk.state(id);
      const offline = offlineKeysOf(state);
      expect(checkSigningRequest(requestFor(state) as never, verifyTwice).root.version).toBe(3);
      for (const { fingerprint, words } of offline) {
        const key = desk.keys.get(fingerprint);
        if (!key) throw new Error(words);
        const request = requestFor(withOnlineKey(state, publicKeyToPem(key.publicKey)));
        const refused = errorOf(() => checkSigningRequest(request as never, verifyTwice));
        expect([words, refused?.code]).toEqual([words, 'key-mismatch']);
        expect(refused?.message).toMatch(/^The timestamp key is .*: an offline key would be used online\.$/);
      }
    });
  });
}

describe('a root', () => {
  const key = () => listKey(tuf10, makeTestKey('ed25519'));
  const [alice, bob, online, other] = [key(), key(), key(), key()];
  const roles: Roles = { root: [alice], targets: [bob], snapshot: [online], timestamp: [online] };
  const root = (changes: Partial<Roles> = {}) => readRoot(rootFile({ ...roles, ...changes }));

  it('makes no key a holder’s that is or was online', () => {
    const before = root();
    expect(keyInBothPlaces(root(), undefined)).toBeUndefined();
    for (const role of ['root', 'targets'] as const) {
      const changed = root({ [role]: [online] });
      expect(keyInBothPlaces(changed, before)).toBe(
        `A new ${role} key is an online key: it lies on a server.`,
      );
      const replaced = root({ [role]: [online], snapshot: [other], timestamp: [other] });
      expect(keyInBothPlaces(replaced, before)).toContain(`A new ${role} key`);
      expect(keyInBothPlaces(changed, undefined)).toContain('an offline key would be used online');
    }
  });

  it('that has a key in both places already can be changed, and taken over with a warning', () => {
    const mixed = root({ snapshot: [bob] });
    expect(keyInBothPlaces(root({ root: [alice, other], snapshot: [bob] }), mixed)).toBe(undefined);
    // But no second one.
    expect(keyInBothPlaces(root({ snapshot: [bob], timestamp: [alice] }), mixed)).toBe(
      'The timestamp key is a root key: an offline key would be used online.',
    );
    const file = { name: 'root.json', bytes: rootFile({ ...roles, snapshot: [bob] }) };
    const plan = adoptionPlanSchema.parse({
      ceremony: 'adoption',
      repository: 'example.com/updates',
      roots: ['root.json'],
      participants: [{ name: 'Ada', role: 'administrator' }],
    });
    const sources = { roots: [file], targets: undefined, verifier: verifyTwice, kept: () => undefined };
    const { warnings } = planAdoption(plan, sources, Date.parse('2026-11-21T09:00:00Z'));
    expect(warnings.filter(({ code }) => code === 'key-online').map(({ message }) => message)).toEqual([
      'A targets key is an online key as well: whoever gets into that server has it. Replace the online keys in the next change.',
    ]);
  });
});

describe('at a desk', () => {
  let folder: string;
  let desk: DeskOfTest | undefined;
  afterEach(async () => {
    await desk?.close();
    removeTemporaryDirectory(folder);
  });

  it('no key of the vault is taken for an online key: not of this repository, and not of another', async () => {
    folder = temporaryDirectory('keys-apart');
    desk = new DeskOfTest(folder);
    const online = { snapshot: goodKey(), timestamp: goodKey() };
    await desk.hold(genesisPlanSchema.parse(plainPlan({ dialect: 'notary-v1', repository })), { online });
    const keys = path.join(desk.vault, 'keys');
    const publicKeys = readdirSync(keys)
      .filter(name => name.endsWith('.json'))
      .map(name => JSON.parse(readFileSync(path.join(keys, name), 'utf8')).publicKey as string);
    expect(publicKeys).toHaveLength(4);
    const move = { ceremony: 'migration', from: repository, repository: 'updates.example.com/moved' };
    const other = genesisPlanSchema.parse(plainPlan({ repository: 'updates.example.com/other' }));
    const change = { ceremony: 'rotation', repository, online: { snapshot: 's', timestamp: 't' } };
    for (const plan of [change, move, other]) {
      const { id } = await desk.open(plan);
      for (const publicKey of publicKeys) {
        const handed = { online: { snapshot: publicKey, timestamp: goodKey() } };
        await expect(desk.drive(id, handed)).rejects.toMatchObject({
          code: 'key-mismatch',
          message: expect.stringMatching(/^The snapshot key is the (root|targets) key of /),
        });
      }
      const { view } = await desk.drive(id, { online });
      expect(view.state).toBe('finished');
    }
  });

  it('a request for a new root with a key of this vault online is refused here', async () => {
    folder = temporaryDirectory('keys-apart-request');
    desk = new DeskOfTest(folder);
    const online = { snapshot: goodKey(), timestamp: goodKey() };
    await desk.hold(genesisPlanSchema.parse(plainPlan({ repository: 'updates.example.com/own' })), {
      online,
    });
    const keys = path.join(desk.vault, 'keys');
    const [record] = readdirSync(keys).filter(name => name.endsWith('.json'));
    const { publicKey } = JSON.parse(readFileSync(path.join(keys, record as string), 'utf8'));
    // Another machine's first root, of people this one does not know.
    const elsewhere = new MemoryDesk();
    const first = elsewhere.genesis('tuf-1.0', {}, true);
    const id = elsewhere.open({ ...first.ceremony.plan, id: elsewhere.nextId() });
    elsewhere.hold(id, atSignatures);
    const asked = (state: CeremonyState) => ({
      name: 'a.request.json',
      bytes: new Uint8Array(writeFile(requestFor(state) as never)),
    });
    const honest = { file: asked(elsewhere.state(id)) };
    expect(answered(await desk.custodian.handle('readSigningRequest', honest)).trust).toBe('first-sight');
    const forged = { file: asked(withOnlineKey(elsewhere.state(id), publicKey)) };
    expect(await desk.custodian.handle('readSigningRequest', forged)).toMatchObject({
      ok: false,
      error: { code: 'key-mismatch', message: expect.stringContaining('The timestamp key is the ') },
    });
  });
});

/** The same ceremony, had this key been handed in for timestamp. */
function withOnlineKey(state: CeremonyState, publicKey: string): CeremonyState {
  const completed = new Map(state.completed);
  for (const [id, done] of completed)
    if (done.evidence.kind === 'online-keys')
      completed.set(id, { ...done, evidence: { ...done.evidence, timestamp: { publicKey } } });
  return { ...state, completed };
}

function errorOf(work: () => unknown): RootwardError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as RootwardError;
  }
}
