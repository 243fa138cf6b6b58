import type { CeremonyView } from '../../../shared/contract/views.ts';
import { DataTable } from '../components/data-table.tsx';
import { groupedHex, sizeInWords } from '../components/format.ts';
import { t } from '../messages/index.ts';

const words = t.steps.readBack;

/** The files that were written, with their hashes, and whether they were read back. */
export function ExportedFiles({ exported }: { readonly exported: NonNullable<CeremonyView['export']> }) {
  return (
    <DataTable
      caption={words.filesHeading}
      columns={[
        { title: words.file },
        { title: words.size, end: true },
        { title: words.hash, mono: true },
        { title: words.state },
      ]}
      rows={exported.files.map(file => ({
        key: file.name,
        cells: [
          file.name,
          sizeInWords(file.size),
          groupedHex(file.sha256),
          exported.readBack ? words.equal : words.waiting,
        ],
      }))}
    />
  );
}
