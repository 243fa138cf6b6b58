import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { courierPage } from './courier.ts';
import { rehearsalNotice, rehearsalTarget, signedDocuments } from './documents.ts';
import type { LackingRoot } from './published.ts';
import type { SettledPlan } from './settled-plan.ts';
import type { CeremonyState } from './state.ts';
import { transcriptText } from './transcript.ts';
import type { JournalPosition } from './view.ts';

export interface ExportFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The one folder a ceremony carries away: the metadata under every name its dialect needs, a page for the
 * courier, the transcript so far, and SHA256SUMS over all of it.
 * @param earlierRoots the earlier versions, oldest first, named `1.root.json` and so on: in TUF 1.0 they must all
 * stay published
 * @param lacking those that are not among them
 * @returns undefined until everything is signed
 */
export function exportFiles(
  ceremony: CeremonyState,
  journal: JournalPosition,
  earlierRoots: readonly ExportFile[],
  lacking: readonly LackingRoot[] = [],
): ExportFile[] | undefined {
  const documents = signedDocuments(ceremony);
  if (!documents) return undefined;
  const { plan } = ceremony;
  const text = (name: string, content: string): ExportFile => ({
    name,
    bytes: new TextEncoder().encode(content),
  });
  const files: ExportFile[] = [
    { name: 'root.json', bytes: documents.root },
    ...earlierRoots.map(({ name, bytes }) => ({ name, bytes })),
    { name: `${plan.version ?? 1}.root.json`, bytes: documents.root },
    ...(documents.targets ? targetsFiles(plan, documents.targets) : []),
    text('COURIER.txt', courierPage(ceremony, lacking)),
    text('TRANSCRIPT.txt', transcriptText(ceremony, journal)),
    ...(plan.rehearsal ? [text(rehearsalTarget, rehearsalNotice)] : []),
  ];
  // The form `sha256sum --check` reads. The root comes first: it is what people compare.
  const sums = files.map(file => `${sha256Hex(file.bytes)}  ${file.name}\n`).join('');
  return [...files, text('SHA256SUMS', sums)];
}

/** With consistent snapshots clients ask for targets by version. */
function targetsFiles(plan: SettledPlan, bytes: Uint8Array): ExportFile[] {
  const byVersion = { name: `${plan.targetsVersion ?? 1}.targets.json`, bytes };
  return [{ name: 'targets.json', bytes }, ...(dialects[plan.dialect].consistentSnapshot ? [byVersion] : [])];
}
