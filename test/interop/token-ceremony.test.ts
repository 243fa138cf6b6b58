/**
 * Roots signed by keys on tokens, in the hands of others: a simulated PIV card and SoftHSM2 sign, and Notary's server and
 * client, python-tuf and tuf-js judge.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../electron/cli/token-answers.ts';
import type { DialectName, GenesisPlanInput, OnlineKey } from '../../shared/ceremony/plan.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { courierBlock, pemOf, plainPlan } from './ceremony-program.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import { listCollection, type NotaryServer, notaryClient, startNotaryServer } from './peers/notary.ts';
import { generateOnlineKey, signOnlineRoles } from './peers/online-roles.ts';
import { refreshWithPythonTuf } from './peers/python-tuf.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';
import { softHsm } from './peers/soft-hsm.ts';
import { refreshWithTufJs } from './peers/tuf-js.ts';
import { jsonOf } from './rotation-program.ts';
import { defaultPin, slot9c, TokenRig } from './token-program.ts';

const repository = 'registry.example.com/payments';
const hsmPin = 'Prüf-1234';
const hsmPeers = ['softhsm2', 'pkcs11js'] as const;

/** The PKCS#11 token is SoftHSM2; where that is missing, one in memory, so that the rest is tried all the same. */
async function plugIn(rig: TokenRig): Promise<string> {
  rig.card({ serial: 4242 });
  if (missingPeers(...hsmPeers) === undefined) {
    const hsm = softHsm();
    await hsm.makeToken('Root key of holder-3', hsmPin);
    await rig.loadModule(hsm.module);
    return hsmPin;
  }
  rig.module();
  return defaultPin;
}

const planOf = (dialect: DialectName): GenesisPlanInput =>
  plainPlan({
    dialect,
    repository,
    holders: [
      { name: 'holder-1', keytype: 'ecdsa-p256' },
      { name: 'holder-2', keytype: 'ecdsa-p256', custody: 'piv' },
      { name: 'holder-3', keytype: 'ecdsa-p256', custody: 'pkcs11' },
    ],
    signers: ['holder-2', 'holder-3'],
  });
/** holder-1 goes from a file to the card that holds another holder's key too. */
const rotation = {
  ceremony: 'rotation',
  repository,
  remove: ['holder-1'],
  add: [{ name: 'holder-1', keytype: 'ecdsa-p256', custody: 'piv' }],
  signers: ['holder-1', 'holder-2', 'holder-3'],
  participants: [{ name: 'Ada Lovelace', role: 'administrator' }],
  policy: { network: 'warn', cardLossReason: 'A test of two keys on one card.' },
};

/** Two ceremonies: the first root with keys on tokens, and a rotation from software to token. */
async function holdBoth(
  dialect: DialectName,
  online: { snapshot: OnlineKey; timestamp: OnlineKey },
): Promise<{ views: CeremonyView[]; outs: string[]; rig: TokenRig }> {
  const folder = temporaryDirectory(`token-${dialect}`);
  const rig = new TokenRig(path.join(folder, 'vault'));
  const pin = await plugIn(rig);
  const plan = planOf(dialect);
  const secrets = { 'holder-1 (PIN)': defaultPin, 'holder-2': defaultPin, 'holder-3': pin };
  const tokens: Record<string, TokenAnswer> = {
    'holder-1': slot9c({ slot: '9a' }),
    'holder-2': slot9c(),
    'holder-3': { slot: 'new', make: 'generate' },
  };
  const views: CeremonyView[] = [];
  const outs = [1, 2].map(version => path.join(folder, `out-${version}`));
  for (const [index, each] of [plan, rotation].entries()) {
    const { id } = await rig.open(each);
    views.push(await rig.drive(id, plan, outs[index] ?? '', { tokens, secrets, online }));
  }
  expect(rig.bus.open).toBe(0);
  return { views, outs, rig };
}

let tuf: Awaited<ReturnType<typeof holdBoth>>;
let notary: Awaited<ReturnType<typeof holdBoth>> | undefined;
let server: NotaryServer | undefined;
const online = { snapshot: generateOnlineKey('ed25519'), timestamp: generateOnlineKey('ed25519') };

beforeAll(async () => {
  tuf = await holdBoth('tuf-1.0', {
    snapshot: { text: pemOf(online.snapshot) },
    timestamp: { text: pemOf(online.timestamp) },
  });
  if (missingPeers('notary', 'notary-server') !== undefined) return;
  const notaryServer = await startNotaryServer();
  server = notaryServer;
  const key = async (role: 'snapshot' | 'timestamp') => ({
    text: new TextDecoder().decode(await notaryServer.fetchServerKey(repository, role)),
  });
  notary = await holdBoth('notary-v1', {
    snapshot: await key('snapshot'),
    timestamp: await key('timestamp'),
  });
}, 240_000);
afterAll(async () => {
  await tuf?.rig.custodian.close();
  await notary?.rig.custodian.close();
  await server?.stop();
});

const rootOf = (out: string) => jsonOf(new Uint8Array(readFileSync(path.join(out, 'root.json')))).signed;

describe('a root signed by a PIV card and a PKCS#11 token, then a holder who moves from a file to the card', () => {
  it('was held to its end, on SoftHSM2', context => {
    needPeers(context, ...hsmPeers);
    expect(tuf.views).toMatchObject([
      { state: 'finished', version: 1 },
      { state: 'finished', version: 2 },
    ]);
    const key = tuf.views[0]?.steps.find(step => step.kind === 'generate-key' && step.who === 'holder-3');
    expect(key?.place).toMatchObject({
      custody: 'pkcs11',
      token: { product: expect.stringContaining('SoftHSM') },
    });
  });

  for (const [client, refresh] of [
    ['python-tuf', refreshWithPythonTuf],
    ['tuf-js', refreshWithTufJs],
  ] as const) {
    it(`is followed from version 1 to 2 by ${client}`, async context => {
      needPeers(context, client);
      const top = temporaryDirectory(`token-${client}`);
      const [metadata, targets] = [path.join(top, 'metadata'), path.join(top, 'targets')];
      for (const folder of [metadata, targets]) mkdirSync(folder);
      for (const out of tuf.outs)
        for (const name of readdirSync(out))
          if (/^\d+\.(root|targets)\.json$/.test(name))
            copyFileSync(path.join(out, name), path.join(metadata, name));
      signOnlineRoles({ directory: metadata, snapshotKey: online.snapshot, timestampKey: online.timestamp });
      const trustedRoot = new Uint8Array(readFileSync(path.join(tuf.outs[0] ?? '', 'root.json')));
      const result = await refresh({ metadataDirectory: metadata, targetsDirectory: targets, trustedRoot });
      expect(result).toMatchObject({ rootVersion: 2, targetsVersion: 1 });
    });
  }

  it("is taken by Notary's server and listed by its client, both versions", async context => {
    needPeers(context, 'notary', 'notary-server');
    if (!server || !notary) throw new Error('no server');
    const client = notaryClient(server);
    for (const [index, out] of notary.outs.entries()) {
      const uploaded = await runProgram('sh', ['-c', courierBlock(out, 'curl')], {
        workingDirectory: out,
        environment: { NOTARY: server.url },
      });
      expect(uploaded).toMatchObject({ code: 0 });
      expect(await listCollection(server, repository, { client })).toMatchObject({ code: 0 });
      expect(rootOf(out).version).toBe(index + 1);
    }
    expect(rootOf(notary.outs[1] ?? '').roles.root.keyids).toHaveLength(3);
  });
});
