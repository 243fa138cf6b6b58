import { lstat, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { type ExportFile, exportFiles } from '../../../shared/ceremony/export-files.ts';
import { lacksInWords } from '../../../shared/ceremony/published.ts';
import { type CeremonyState, evidenceOf } from '../../../shared/ceremony/state.ts';
import { RootwardError, reportError } from '../../../shared/contract/errors.ts';
import { sha256Hex } from '../../../shared/display/fingerprint.ts';
import { checksumList, exportFolder } from '../../media/export-folder.ts';
import { readBackFolder } from '../../media/read-back.ts';
import { readPublishedRoots } from '../published-files.ts';
import type { OpenVault } from '../vaults.ts';
import { gateProblems } from './prove-backup.ts';
import { invalidInput, type StepContext, type StepHandler } from './step.ts';

/** Writes the export to a folder or medium. */
export const exportMetadata: StepHandler<'export'> = async context => {
  const { opened, input } = context;
  const gated = await passGate(context);
  const { destination } = input;
  const { earlier, lacking } = await readEarlierRoots(context, gated);
  const ceremony = opened.ceremonies.get(gated.id) ?? gated;
  const files = exportFiles(ceremony, opened.position, earlier, lacking);
  if (!files) throw invalidInput('Not everything is signed yet.');
  await removeInterrupted(files, destination);
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

/**
 * The gate once more, before anything leaves the machine: a backup may have been declared void since the signatures, and
 * they may have been made before the gate asked. The plan cannot be changed here, so a reason lets it through.
 * @returns the ceremony, with that reason among its incidents
 * @throws RootwardError `backup-not-proven`, `token-shared`
 */
async function passGate({ opened, ceremony, step, input }: StepContext<'export'>): Promise<CeremonyState> {
  const problems = gateProblems(opened, ceremony);
  for (const { code, message: problem } of problems) {
    const way =
      code === 'backup-not-proven' ? 'Make shares or a bundle of it, and prove them. Or say' : 'Say';
    const remedy = `${way} why it is exported all the same (on the command line with --reason): that stands in the transcript.`;
    if (input.reason === undefined) throw new RootwardError(code, { message: problem, remedy });
    const message = `${problem} To be exported all the same. Reason given: ${input.reason}`;
    const error = new RootwardError(code, { message, remedy: 'None is needed here.' });
    await recordOnce(opened, ceremony, step.id, error);
  }
  return opened.ceremonies.get(ceremony.id) ?? ceremony;
}

/**
 * A crash in the middle of an export leaves its beginning: in the destination, where that was an empty folder, or
 * beside it under a passing name. A journal that refused the line about an export, for want of room, leaves all of
 * it. Where it is of this very ceremony it is removed, so that the step can be done again; anything else stays, and
 * is refused.
 */
async function removeInterrupted(files: readonly ExportFile[], destination: string): Promise<void> {
  const parent = path.dirname(destination);
  const names = await readdir(parent).catch(() => []);
  const passing = names.filter(
    name => name.startsWith(`${path.basename(destination)}.partial-`) && /\.partial-[0-9a-f]{12}$/.test(name),
  );
  for (const name of passing) {
    const folder = path.join(parent, name);
    if (await isLeftOver(files, folder)) await removeFiles(folder).then(() => rmdir(folder));
  }
  if (await isLeftOver(files, destination)) await removeFiles(destination);
}

/** What says how far the journal had come when it was written: an earlier try says something else. */
const tellsPosition: readonly string[] = ['TRANSCRIPT.txt', checksumList];

/**
 * @returns whether a folder holds nothing but what an earlier try of this export wrote: the beginnings of these files,
 * or beside the whole signed root, and the beginnings of the others, a transcript of before; not all of this one
 */
async function isLeftOver(files: readonly ExportFile[], folder: string): Promise<boolean> {
  const whole = new Map(files.map(file => [file.name, file.bytes]));
  let isComplete = true;
  let isEarlier = false;
  let hasRoot = false;
  try {
    const names = await readdir(folder);
    for (const name of names) {
      const expected = whole.get(name);
      const place = path.join(folder, name);
      const found = await lstat(place);
      if (!expected || !found.isFile()) return false;
      const isBeginning =
        found.size <= expected.length && (await readFile(place)).equals(expected.subarray(0, found.size));
      if (!isBeginning && !tellsPosition.includes(name)) return false;
      isEarlier ||= !isBeginning;
      isComplete &&= found.size === expected.length;
      hasRoot ||= name === 'root.json' && found.size === expected.length;
    }
    return isEarlier ? hasRoot : !(isComplete && names.length === files.length);
  } catch {
    return false;
  }
}

async function removeFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(path.join(folder, name));
}

/** Reads the medium back and compares every byte's hash with what was signed. */
export const readBackExport: StepHandler<'read-back'> = async ({ ceremony }) => {
  const [exported] = evidenceOf(ceremony, 'export');
  if (!exported) throw invalidInput('Nothing was exported yet.');
  const { files, readFrom } = await readBackFolder(exported.files, exported.destination).catch(error => {
    throw error instanceof RootwardError && error.code === 'file-not-found'
      ? mediumGone(exported.destination, error)
      : error;
  });
  const where = readFrom === 'medium' ? 'from the medium itself' : "from the system's memory of the medium";
  return { kind: 'read-back', method: `${files} files, every byte the same, read ${where}` };
};

/**
 * Every root before this ceremony's, oldest first: in TUF 1.0 they must all stay published (section 6.1). Which ones are
 * not here stands in the transcript, and on the page for the courier.
 */
async function readEarlierRoots({ opened, step }: StepContext<'export'>, ceremony: CeremonyState) {
  const { plan } = ceremony;
  const all = await readPublishedRoots(opened, plan, plan.version ?? 1);
  const lacking = all.flatMap(one => ('why' in one ? [one] : []));
  for (const { why, problem, remedy } of lacksInWords(plan.dialect, lacking)) {
    const code = why === 'missing' ? 'file-not-found' : 'vault-damaged';
    await recordOnce(opened, ceremony, step.id, new RootwardError(code, { message: problem, remedy }));
  }
  return { earlier: all.flatMap(one => ('bytes' in one ? [one] : [])), lacking };
}

/** An incident of the export, said once however often the medium fails. */
async function recordOnce(
  opened: OpenVault,
  { id, incidents }: CeremonyState,
  stepId: string,
  error: RootwardError,
): Promise<void> {
  if (incidents.some(incident => incident.message === error.message)) return;
  await opened.append({ type: 'incident', ceremonyId: id, stepId, error: reportError(error) });
}

/** A medium that was plugged in for the export and is not there to be read is an incident, not a wrong path. */
const mediumGone = (destination: string, cause: RootwardError): RootwardError =>
  new RootwardError('medium-unreadable', {
    message: `The export is not at ${destination} any more: the medium is not plugged in, or not mounted there.`,
    remedy:
      'Plug the medium in, see that it is mounted at the same place, and compare. If it is lost or does not ' +
      'answer, export again to another one.',
    place: destination,
    cause,
  });
