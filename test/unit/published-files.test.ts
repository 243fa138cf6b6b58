/** What a medium carries of earlier roots: only files that the journal names by their hash. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest } from '../interop/rotation-program.ts';
import { MemoryDesk, repositoryName, textOf } from './build-rotation.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const named = (chain: readonly Uint8Array[], from = 1) =>
  chain.map((bytes, index) => ({ name: `${index + from}.root.json`, bytes: new Uint8Array(bytes) }));

/** Three versions of a repository that one holder can change. */
function published(): MemoryDesk {
  const desk = new MemoryDesk();
  desk.now = Date.now() - 60_000;
  const alone = {
    holders: [{ name: 'Alice', keytype: 'ecdsa-p256' }],
    threshold: 1,
    thresholdReason: 'A test.',
  };
  desk.genesis('tuf-1.0', alone);
  desk.rotate();
  desk.rotate();
  return desk;
}
const wrong = published();
const right = published();
const rightChain = right.chain('tuf-1.0');
const adoption = { ceremony: 'adoption', repository: repositoryName, roots: ['handed in'] };

/** Takes a chain over, with Alice's key. */
function takeOver(desk: DeskOfTest, from: MemoryDesk, firstVersion: number) {
  const { keyId } = from.repository('tuf-1.0').holders.root[0] ?? { keyId: '' };
  const [key] = from.keys.values();
  const pem = key?.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return desk.hold(
    { ...adoption, holders: [{ name: 'Alice', keyId, key: 'handed in' }] },
    {
      roots: named(from.chain('tuf-1.0').slice(firstVersion - 1), firstVersion),
      keyFiles: new Map([['root Alice', new TextEncoder().encode(pem)]]),
    },
  );
}

const repositoryFolder = (desk: DeskOfTest): string => {
  const [folder = ''] = readdirSync(path.join(desk.vault, 'repositories'));
  return path.join(desk.vault, 'repositories', folder);
};
const onMedium = (out: string): string[] => readdirSync(out).filter(name => /^\d+\.root\.json$/.test(name));
const textAt = (out: string, name: string): string =>
  readFileSync(path.join(out, name), 'utf8').replace(/\s+/g, ' ');

describe('a repository taken over from version 2, after another one of its name was taken over and given up', () => {
  const template = temporaryDirectory('published-template');
  let folder: string;
  let desk: DeskOfTest;
  beforeAll(async () => {
    const first = new DeskOfTest(template, false);
    const mistake = await first.open({ ...adoption, holders: [] }, { roots: named(wrong.chain('tuf-1.0')) });
    const ending = {
      ceremonyId: mistake.id,
      by: 'Ada Lovelace',
      reason: 'The wrong folder',
      confirmation: repositoryName,
    };
    answered(await first.custodian.handle('abandonCeremony', ending));
    expect(readdirSync(repositoryFolder(first))).toEqual(['repository.json']);
    const { view } = await takeOver(first, right, 2);
    expect(view.state).toBe('finished');
    await first.close();
  });
  beforeEach(() => {
    folder = temporaryDirectory('published');
    cpSync(path.join(template, 'vault'), path.join(folder, 'vault'), { recursive: true });
    desk = new DeskOfTest(folder, false);
  });
  afterEach(async () => {
    await desk.close();
    removeTemporaryDirectory(folder);
  });
  afterAll(() => removeTemporaryDirectory(template));

  const rotation = { ceremony: 'rotation', repository: repositoryName };
  const warning = async (code: string) =>
    (await desk.preview(rotation)).warnings.find(one => one.code === code)?.message;

  it('keeps what was taken over under the names of its versions, and nothing else', () => {
    const files = readdirSync(repositoryFolder(desk)).sort();
    expect(files).toEqual(['2.root.json', '3.root.json', 'repository.json']);
    for (const version of [2, 3])
      expect(readFileSync(path.join(repositoryFolder(desk), `${version}.root.json`))).toEqual(
        Buffer.from(rightChain[version - 1] as Uint8Array),
      );
  });

  it('exports its own chain; a version the journal does not name stays here, and is told everywhere', async () => {
    // As a vault of before has it: the chain of the adoption that was given up still lies there.
    writeFileSync(path.join(repositoryFolder(desk), '1.root.json'), wrong.chain('tuf-1.0')[0] as Uint8Array);
    expect(await warning('chain-incomplete')).toMatch(
      /^1\.root\.json is not in this vault.*see that it is published/,
    );
    const { out } = await desk.hold(rotation);
    expect(onMedium(out)).toEqual(['2.root.json', '3.root.json', '4.root.json']);
    expect(textAt(out, 'COURIER.txt')).toContain('NOT HERE: 1.root.json is not in this vault');
    expect(textAt(out, 'COURIER.txt')).toContain('So must 1.root.json to 3.root.json; not all are here');
    expect(textAt(out, 'TRANSCRIPT.txt')).toContain(
      '1.root.json is not in this vault and cannot be exported',
    );
  });

  it('does not export a file that is not the one its journal names', async () => {
    const bytes = new TextEncoder().encode(`${textOf(rightChain[1])} `);
    writeFileSync(path.join(repositoryFolder(desk), '2.root.json'), bytes);
    expect(await warning('chain-differs')).toContain(
      `must have SHA-256 ${sha256(rightChain[1] as Uint8Array)}`,
    );
    const { out } = await desk.hold(rotation);
    expect(onMedium(out)).toEqual(['3.root.json', '4.root.json']);
    expect(textAt(out, 'COURIER.txt')).toContain('NOT HERE: 2.root.json in this vault is not the file');
    expect(textAt(out, 'TRANSCRIPT.txt')).toContain('2.root.json in this vault is not the file');
  });
});

describe('an adoption that is open', () => {
  let folder: string;
  let desk: DeskOfTest;
  beforeEach(() => {
    folder = temporaryDirectory('published-open');
    desk = new DeskOfTest(folder, false);
  });
  afterEach(async () => {
    await desk.close();
    removeTemporaryDirectory(folder);
  });
  const open = (chain: readonly Uint8Array[]) =>
    desk.open({ ...adoption, holders: [] }, { roots: named(chain) });

  it('hands its chain out when its plan is changed, and takes over the one that was handed in last', async () => {
    const { id } = await open(wrong.chain('tuf-1.0'));
    const { plan, roots } = answered(await desk.custodian.handle('readPlan', { ceremonyId: id }));
    expect(roots?.map(({ bytes }) => sha256(bytes))).toEqual(wrong.chain('tuf-1.0').map(sha256));
    expect(existsSync(path.join(repositoryFolder(desk), '1.root.json'))).toBe(false);
    answered(
      await desk.custodian.handle('reviseCeremony', { ceremonyId: id, plan, roots: named(rightChain) }),
    );
    expect((await desk.drive(id)).view.state).toBe('finished');
    const files = readdirSync(repositoryFolder(desk)).filter(name => name !== 'repository.json');
    expect(files.sort()).toEqual(['1.root.json', '2.root.json', '3.root.json']);
    for (const [index, bytes] of rightChain.entries())
      expect(sha256(readFileSync(path.join(repositoryFolder(desk), `${index + 1}.root.json`)))).toBe(
        sha256(bytes),
      );
  });

  it('is refused where it has another earlier root than this vault published', async () => {
    const { id } = await open(rightChain.slice(0, 2));
    await desk.drive(id);
    // Who may add a signature to version 2 can make it follow from a first root of their own.
    const other = published();
    const [forged] = other.chain('tuf-1.0') as [Uint8Array];
    const second = JSON.parse(textOf(rightChain[1]));
    const signed = other.resign('tuf-1.0', second.signed, readRoot(forged));
    second.signatures.push(...JSON.parse(textOf(signed)).signatures);
    const chain = [forged, new TextEncoder().encode(JSON.stringify(second)), rightChain[2] as Uint8Array];
    const look = (roots: readonly Uint8Array[]) =>
      desk.preview({ ...adoption, holders: [] }, { roots: named(roots) });
    expect((await look(rightChain)).warnings.filter(one => one.blocking)).toEqual([]);
    expect((await look(chain)).warnings.filter(one => one.blocking).map(one => one.code)).toEqual([
      'chain-differs',
    ]);
  });

  it('is not finished with a chain that is not the one handed in', async () => {
    const { id } = await open(rightChain);
    const [held = ''] = readdirSync(repositoryFolder(desk)).filter(name => name.endsWith('.2.root.json'));
    writeFileSync(path.join(repositoryFolder(desk), held), wrong.chain('tuf-1.0')[1] as Uint8Array);
    await expect(desk.drive(id)).rejects.toMatchObject({ code: 'vault-damaged' });
    const { plan, roots } = answered(await desk.custodian.handle('readPlan', { ceremonyId: id }));
    expect(roots).toEqual([]);
    answered(
      await desk.custodian.handle('reviseCeremony', { ceremonyId: id, plan, roots: named(rightChain) }),
    );
    expect((await desk.drive(id)).view.state).toBe('finished');
  });

  it('that was opened by a Rootward of before finds its chain among the published files', async () => {
    const { id } = await open(rightChain);
    for (const name of readdirSync(repositoryFolder(desk)).filter(one => one.startsWith('adoption-'))) {
      const before = name.replace(/^adoption-[0-9a-f]+\./, '');
      renameSync(path.join(repositoryFolder(desk), name), path.join(repositoryFolder(desk), before));
    }
    expect((await desk.drive(id)).view.state).toBe('finished');
  });
});
