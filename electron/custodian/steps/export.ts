import { type ExportFile, exportFiles } from '../../../shared/ceremony/export-files.ts';
import { type CeremonyState, evidenceOf } from '../../../shared/ceremony/state.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { sha256Hex } from '../../../shared/display/fingerprint.ts';
import { exportFolder } from '../../media/export-folder.ts';
import { readBackFolder } from '../../media/read-back.ts';
import type { OpenVault } from '../vaults.ts';
import { invalidInput, type StepHandler } from './complete-step.ts';

/** Writes the export to a folder or medium. */
export const exportMetadata: StepHandler<'export'> = async ({ opened, ceremony, input }) => {
  const { destination } = input;
  const files = exportFiles(ceremony, opened.position, await readEarlierRoots(opened, ceremony));
  if (!files) throw invalidInput('Not everything is signed yet.');
  try {
    return { kind: 'export', destination, files: await exportFolder(files, destination) };
  } catch (error) {
    if (!(error instanceof RootwardError) || error.code !== 'destination-not-empty') throw error;
    // A crash between the writing and the journal's line leaves a finished export that nobody knows of. Where
    // every byte is there already, it is this one.
    const expected = files.map(file => ({
      name: file.name,
      size: file.bytes.length,
      sha256: sha256Hex(file.bytes),
    }));
    const isThere = await readBackFolder(expected, destination).then(
      () => true,
      () => false,
    );
    if (!isThere) throw error;
    return { kind: 'export', destination, files: expected };
  }
};

/** Reads the medium back and compares every byte's hash with what was signed. */
export const readBackExport: StepHandler<'read-back'> = async ({ ceremony }) => {
  const [exported] = evidenceOf(ceremony, 'export');
  if (!exported) throw invalidInput('Nothing was exported yet.');
  const { files, readFrom } = await readBackFolder(exported.files, exported.destination);
  const where = readFrom === 'medium' ? 'from the medium itself' : "from the system's memory of the medium";
  return { kind: 'read-back', method: `${files} files, every byte the same, read ${where}` };
};

/** Every root before this ceremony's, oldest first. In TUF 1.0 they must all stay published (section 6.1). */
async function readEarlierRoots(opened: OpenVault, { plan }: CeremonyState): Promise<ExportFile[]> {
  const { dialect, repository } = plan;
  const stored = (await opened.vault.listRepositories()).find(
    candidate => candidate.dialect === dialect && candidate.name === repository,
  );
  const versions = (stored?.files ?? [])
    .map(file => Number(/^(\d+)\.root\.json$/.exec(file)?.[1]))
    .filter(version => version < (plan.version ?? 1))
    .sort((left, right) => left - right);
  return Promise.all(
    versions.map(async version => {
      const name = `${version}.root.json`;
      return { name, bytes: await opened.vault.readRepositoryFile(dialect, repository, name) };
    }),
  );
}
