import type { DialectName } from '../../shared/ceremony/plan.ts';
import {
  filesOf,
  type LackingRoot,
  type NamedFiles,
  namedFiles,
  rootFile,
  targetsFile,
} from '../../shared/ceremony/published.ts';
import type { SettledPlan } from '../../shared/ceremony/settled-plan.ts';
import type { CeremonyState } from '../../shared/ceremony/state.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { FileInput } from '../../shared/contract/requests.ts';
import { sha256Hex } from '../../shared/display/fingerprint.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import type { OpenVault } from './vaults.ts';

/** What names a repository in a vault; a settled plan does. */
interface Repository {
  readonly dialect: DialectName;
  readonly repository: string;
}

const namedIn = ({ ceremonies }: OpenVault, { dialect, repository }: Repository): NamedFiles =>
  namedFiles(ceremonies.values(), dialect, repository);

/** A root of a vault whose bytes its journal names, or why there is none. */
type PublishedRoot =
  | { readonly version: number; readonly name: string; readonly bytes: Uint8Array }
  | LackingRoot;

/**
 * Reads the earlier roots of a repository. Nothing is handed out that the journal does not name by its hash: a damaged
 * disk, an adoption that was ended or a foreign bundle must not put a file among the published ones.
 * @param before the version before which they are wanted
 * @returns oldest first, one a version
 */
export async function readPublishedRoots(
  opened: OpenVault,
  { dialect, repository }: Repository,
  before: number,
): Promise<PublishedRoot[]> {
  const named = namedIn(opened, { dialect, repository });
  const roots: PublishedRoot[] = [];
  for (let version = 1; version < before; version += 1) {
    const name = rootFile(version);
    const hashes = named.get(name);
    const bytes = hashes && (await readIfThere(opened, { dialect, repository }, name));
    const [sha256] = hashes ?? [];
    if (bytes && hashes?.has(sha256Hex(bytes))) roots.push({ version, name, bytes });
    else roots.push({ version, why: bytes ? 'differs' : 'missing', sha256 });
  }
  return roots;
}

/** @returns undefined where there is no such file */
async function readIfThere(
  opened: OpenVault,
  { dialect, repository }: Repository,
  file: string,
): Promise<Uint8Array | undefined> {
  try {
    return await opened.vault.readRepositoryFile(dialect, repository, file);
  } catch (error) {
    const code = error instanceof RootwardError ? error.code : undefined;
    if (code === 'file-not-found' || code === 'repository-not-found') return undefined;
    throw error;
  }
}

/**
 * Stores a file under the name of its version. One that the journal names is never replaced by other bytes; what a
 * ceremony had made that was ended is kept beside it.
 * @throws RootwardError `repository-exists` where the journal names other bytes for this version, and what the vault throws
 */
export async function storeVersion(
  opened: OpenVault,
  plan: SettledPlan,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  const named = namedIn(opened, plan).get(file);
  if (named && !named.has(sha256Hex(bytes)) && !plan.rehearsal) {
    throw new RootwardError('repository-exists', {
      message: `${file} of ${plan.repository} was made before, with other content: the journal names it by its hash.`,
      remedy:
        'Nothing was replaced. End this ceremony, take over what is published of the repository, and hold it again from there.',
      place: file,
    });
  }
  await putInPlace(opened, plan, file, bytes);
}

/** What a ceremony had proved that was ended since is kept under another name. */
async function putInPlace(
  opened: OpenVault,
  { dialect, repository }: Repository,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  const store = (name: string, content: Uint8Array): Promise<void> =>
    opened.vault.storeRepositoryFile(dialect, repository, name, content);
  const there = await readIfThere(opened, { dialect, repository }, file);
  if (there) {
    const before = sha256Hex(there);
    if (before === sha256Hex(bytes)) return;
    const proved = [...opened.ceremonies.values()]
      .filter(({ plan }) => plan.dialect === dialect && plan.repository === repository)
      .flatMap(filesOf);
    if (proved.some(one => one.file === file && one.sha256 === before))
      await store(`${file}.ended-${before.slice(0, 16)}`, there);
  }
  await store(file, bytes);
}

/** The chain of an adoption that is open lies beside the published files, under names that nothing is exported from. */
const heldBack = ({ id }: SettledPlan, file: string): string => `adoption-${id}.${file}`;

/** Keeps the files of an adoption that is being opened, or changed, until it takes effect. */
export async function holdChain(
  opened: OpenVault,
  plan: SettledPlan,
  {
    roots = [],
    targets,
  }: { readonly roots?: readonly FileInput[] | undefined; readonly targets?: FileInput | undefined },
): Promise<void> {
  const store = (file: string, bytes: Uint8Array): Promise<void> =>
    opened.vault.storeRepositoryFile(plan.dialect, plan.repository, heldBack(plan, file), bytes);
  for (const { bytes } of roots) await store(rootFile(readRoot(bytes).version), bytes);
  if (targets) await store(targetsFile(readTargets(targets.bytes).version), targets.bytes);
}

/**
 * @returns the roots of an adoption's chain, oldest first, each with the hash its plan names. Adoptions that were opened before they lay apart
 *   have them among the published files.
 * @throws RootwardError `vault-damaged`
 */
export async function readHeldChain(opened: OpenVault, plan: SettledPlan): Promise<FileInput[]> {
  const roots: FileInput[] = [];
  for (const { version, sha256 } of plan.chain ?? []) {
    const name = rootFile(version);
    const found = [
      await readIfThere(opened, plan, heldBack(plan, name)),
      await readIfThere(opened, plan, name),
    ].find(bytes => bytes && sha256Hex(bytes) === sha256);
    if (!found) {
      throw new RootwardError('vault-damaged', {
        message: `${name}, which is to be taken over, is not in the vault as it was handed in.`,
        remedy:
          'Change the plan of this ceremony and hand the published roots in once more, or end it and take the repository over anew.',
        place: name,
      });
    }
    roots.push({ name, bytes: new Uint8Array(found) });
  }
  return roots;
}

/**
 * Puts what an adoption takes over among the published files: to be done before the journal's line that finishes it. Of
 * a version that the journal names already, the file that is there stays.
 * @throws RootwardError `vault-damaged`, and what the vault throws
 */
export async function takeChainOver(opened: OpenVault, plan: SettledPlan): Promise<void> {
  const named = namedIn(opened, plan);
  const take = async (file: string, bytes: Uint8Array): Promise<void> => {
    const there = named.has(file) ? await readIfThere(opened, plan, file) : undefined;
    if (there && named.get(file)?.has(sha256Hex(there))) return;
    await putInPlace(opened, plan, file, bytes);
  };
  for (const { name, bytes } of await readHeldChain(opened, plan)) await take(name, bytes);
  if (plan.base?.targets === undefined) return;
  const targets = new TextEncoder().encode(plan.base.targets);
  await take(targetsFile(readTargets(targets).version), targets);
}

/** Removes what lay ready for an adoption that is finished or ended. What cannot be removed harms nobody. */
export async function dropHeldChain(opened: OpenVault, { plan }: CeremonyState): Promise<void> {
  if (plan.ceremony !== 'adoption') return;
  try {
    const { files = [] } =
      (await opened.vault.listRepositories()).find(
        ({ dialect, name }) => dialect === plan.dialect && name === plan.repository,
      ) ?? {};
    const held = files.filter(file => file.startsWith(heldBack(plan, '')));
    await opened.vault.removeRepositoryFiles(plan.dialect, plan.repository, held);
  } catch {
    // The ceremony is over whatever becomes of these files, and no name of theirs is that of a published one.
  }
}
