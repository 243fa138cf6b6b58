import type { CeremonyView } from '../../../shared/contract/views.ts';
import { sizeInWords } from '../components/format.ts';
import { Icon } from '../components/icons.tsx';
import { t } from '../messages/index.ts';
import css from './exported-files.module.css';

const words = t.steps.readBack;

/** The files that were written, with their hashes, and whether they were read back. */
export function ExportedFiles({ exported }: { readonly exported: NonNullable<CeremonyView['export']> }) {
  return (
    <table className={css.table}>
      <caption className="visually-hidden">{words.filesHeading}</caption>
      <thead>
        <tr>
          <th scope="col">{words.file}</th>
          <th scope="col">{words.size}</th>
          <th scope="col">{words.state}</th>
        </tr>
      </thead>
      <tbody>
        {exported.files.map(file => (
          <tr key={file.name}>
            <th scope="row">
              <span className={css.name}>{file.name}</span>
              <code className={css.hash}>{file.sha256}</code>
            </th>
            <td>{sizeInWords(file.size)}</td>
            <td>
              {exported.readBack ? (
                <span className={css.equal}>
                  <Icon name="check" /> {words.equal}
                </span>
              ) : (
                words.waiting
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
