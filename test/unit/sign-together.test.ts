/** A holder's vault on another machine: a network stops a signature, and what was signed before is told. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { journalEventSchema } from '../../shared/ceremony/events.ts';
import { requestFor, type SigningRequest, writeFile } from '../../shared/ceremony/signing-request.ts';
import type { FileInput } from '../../shared/contract/requests.ts';
import type { NetworkStatus, SigningRequestView } from '../../shared/contract/views.ts';
import { custodianAt } from '../interop/ceremony-program.ts';
import { temporaryDirectory } from '../interop/peers/run.ts';
import { MemoryDesk, repositoryName } from './build-rotation.ts';

const folder = temporaryDirectory('sign-together');
const passphrase = 'passphrase-of-Alice é';
let network: NetworkStatus;
const isolated: NetworkStatus = { state: 'isolated', interfaces: [], summary: 'No network is up.' };
const present: NetworkStatus = { state: 'present', interfaces: [], summary: 'eth0 is up' };
const custodian = custodianAt(path.join(folder, 'vault'), { describeNetwork: () => network });
const desk = new MemoryDesk();

/** A change that waits for its signatures on the machine that asks. */
function request(changes: Record<string, unknown>): FileInput {
  const id = desk.open(desk.settled(desk.lookAtRotation(changes)));
  desk.hold(id, { without: step => step.kind === 'sign' });
  const bytes = writeFile(requestFor(desk.state(id)) as SigningRequest);
  desk.append({ type: 'ceremony-abandoned', ceremonyId: id, reason: 'a test' });
  return { name: 'request.json', bytes: new Uint8Array(bytes) };
}
const read = async (file: FileInput): Promise<SigningRequestView> =>
  answered(
    await custodian.handle('readSigningRequest', { file: { ...file, bytes: new Uint8Array(file.bytes) } }),
  );
async function sign(file: FileInput, decided: object = {}) {
  const view = await read(file);
  return custodian.handle('signRequest', {
    file: { ...file, bytes: new Uint8Array(file.bytes) },
    role: 'root',
    fingerprint: view.asked.find(asked => asked.here)?.fingerprint ?? '',
    payloadHash: view.payloads[0]?.fingerprint.hex ?? '',
    passphrase: new TextEncoder().encode(passphrase),
    ...decided,
  });
}
const journal = () =>
  readFileSync(path.join(folder, 'vault', 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line.includes('"request-signed"'));

beforeAll(async () => {
  network = isolated;
  const { root } = desk.genesis('tuf-1.0');
  const repository = desk.repository('tuf-1.0');
  const keyId = repository.holders.root[0]?.keyId ?? '';
  const alice = repository.root.keys.get(keyId)?.publicKey;
  if (!alice) throw new Error('Alice has no key');
  answered(await custodian.handle('createVault', {}));
  const opened = answered(
    await custodian.handle('openCeremony', {
      plan: {
        ceremony: 'adoption',
        repository: repositoryName,
        roots: ['1.root.json'],
        holders: [{ name: 'Alice', keyId, key: 'alice.pem' }],
        participants: [{ name: 'Ada', role: 'administrator' }],
      },
      rehearsal: false,
      roots: [{ name: '1.root.json', bytes: new Uint8Array(root) }],
    }),
  );
  const pem = desk.keyOf(alice).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  await driveCeremony(
    custodian,
    opened.id,
    {
      passphrases: new Map([['Alice', passphrase]]),
      keyFiles: new Map([['root Alice', new Uint8Array(Buffer.from(pem))]]),
      online: undefined,
      destination: path.join(folder, 'none'),
    },
    () => {},
  );
}, 60_000);
afterAll(async () => {
  await custodian.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a request signed on another machine', () => {
  const plain = () => request({ signers: ['Alice', 'Bob'] });

  it('says what it knows by itself, and what only the other machine says', async () => {
    const view = await read(plain());
    expect(view).toMatchObject({ trust: 'known', notes: [], earlier: [] });
    expect(view.said.map(({ label }) => label)).toEqual([
      'Names',
      'Targets stay valid until',
      'Rules there',
      'Opened',
    ]);
    expect(view.said[0]?.value).toBe('This vault knows no keys as those of Bob, Carol and Tara');
    expect(view.summary.map(({ label }) => label)).toContain('Root keys');
  });

  it('opens no key beside a network, unless people decide so, and then the journal says it', async () => {
    const file = plain();
    network = present;
    expect(await sign(file)).toMatchObject({ ok: false, error: { code: 'network-present' } });
    expect(await sign(file, { network: 'refuse' })).toMatchObject({ error: { code: 'network-present' } });
    expect(journal()).toEqual([]);
    answered(await sign(file, { network: 'warn' }));
    expect(journal()).toHaveLength(1);
    expect(journal()[0]).toContain('"network":"warn"');
    network = isolated;
    answered(await sign(file));
    expect(journal()[1]).not.toContain('network');
    expect(journal()[1]).toContain('"version":2');
    expect(journal()[1]).toContain('"holder":"Alice"');
    // The very same bytes once more are no second document.
    expect((await read(file)).earlier).toEqual([]);
  }, 60_000);

  it('tells of another document of the same version that was signed before, and wants a word', async () => {
    network = isolated;
    const second = request({
      signers: ['Alice', 'Bob'],
      remove: ['Carol'],
      add: [{ name: 'Dora', keytype: 'ed25519' }],
    });
    const view = await read(second);
    expect(view.earlier).toMatchObject([
      { role: 'root', version: 2, holder: 'Alice', repository: repositoryName },
      { role: 'root', version: 2, holder: 'Alice', repository: repositoryName },
    ]);
    const before = journal().length;
    expect(await sign(second)).toMatchObject({
      error: { code: 'signature-conflict', message: expect.stringContaining('another root version 2') },
    });
    expect(journal()).toHaveLength(before);
    answered(await sign(second, { despiteEarlier: true }));
    expect(journal().at(-1)).toContain('"despiteEarlier":true');
  }, 60_000);

  it('reads the journals that do not say of which version a request was', () => {
    const older = {
      type: 'request-signed',
      planHash: '0'.repeat(64),
      repository: repositoryName,
      role: 'root',
      holder: 'Alice',
      fingerprint: '0'.repeat(64),
      payloadHash: '0'.repeat(64),
      trust: 'known',
    };
    expect(journalEventSchema.parse(older)).toEqual(older);
  });
});
