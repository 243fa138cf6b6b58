import type { VerificationView } from '../../../shared/contract/views.ts';
import { fingerprintFromHex } from '../../../shared/display/fingerprint.ts';
import { cx } from '../components/classes.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { fullTime, shortFingerprint } from '../components/format.ts';
import { Heading } from '../components/heading.tsx';
import { Icon } from '../components/icons.tsx';
import { Notice } from '../components/notice.tsx';
import { HashHex, HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import css from './verify.module.css';

const words = t.verify;
type FileVerdict = VerificationView['files'][number];

/** One threshold, and each signature with whether it counts and why. */
function Quorum({ quorum }: { readonly quorum: FileVerdict['quorums'][number] }) {
  return (
    <section className={css.quorum}>
      <h3 className={css.quorumTitle}>
        {words.quorum[quorum.of]}
        <span className={cx(css.mark, quorum.met ? css.good : css.bad)}>
          <Icon name={quorum.met ? 'check' : 'cross'} />
          {words.quorumCount(quorum.counted, quorum.threshold)}, {quorum.met ? words.met : words.notMet}
        </span>
      </h3>
      {quorum.signatures.length === 0 ? (
        <p className={css.text}>{words.noSignatures}</p>
      ) : (
        <DataTable
          caption={words.quorum[quorum.of]}
          columns={[{ title: words.key, mono: true }, { title: words.counted }, { title: words.why }]}
          rows={quorum.signatures.map((signature, index) => ({
            key: `${index}-${signature.keyId}`,
            cells: [
              <span key="key" title={signature.keyId}>
                {shortFingerprint(signature.keyId)}
              </span>,
              <span key="counted" className={cx(css.mark, signature.counted ? css.good : css.bad)}>
                <Icon name={signature.counted ? 'check' : 'cross'} />
                {signature.counted ? words.counted : words.notCounted}
              </span>,
              signature.reason,
            ],
          }))}
        />
      )}
    </section>
  );
}

function FileCard({ file }: { readonly file: FileVerdict }) {
  return (
    <section className={css.card}>
      <h2 className={css.cardTitle}>
        <span className={css.name}>{words.fileTitle(file.file, file.version)}</span>
        <span className={cx(css.mark, file.ok ? css.good : css.bad)}>
          <Icon name={file.ok ? 'check' : 'cross'} />
          {file.ok ? words.fileGood : words.fileBad}
        </span>
      </h2>
      {file.problems.length > 0 && (
        <Notice tone="stop" title={words.problems}>
          {file.problems.map(problem => (
            <p key={`${problem.code}${problem.message}`}>{problem.message}</p>
          ))}
        </Notice>
      )}
      {file.notices.length > 0 && (
        <Notice tone="plain" title={words.notices}>
          {file.notices.map(notice => (
            <p key={`${notice.code}${notice.message}`}>{notice.message}</p>
          ))}
        </Notice>
      )}
      {file.summary.length > 0 && <Facts rows={file.summary} />}
      {file.quorums.map(quorum => (
        <Quorum key={quorum.of} quorum={quorum} />
      ))}
      <div className={css.hash}>
        <h3>{t.common.sha256}</h3>
        <HashWords words={fingerprintFromHex(file.sha256).words} size="wide" />
        <HashHex hex={file.sha256} />
      </div>
    </section>
  );
}

/** The verdict: one plain sentence, big; then the reasons, file by file. */
export function Verdict({ verdict }: { readonly verdict: VerificationView }) {
  return (
    <>
      <div className={cx(css.verdict, verdict.ok ? css.verdictGood : css.verdictBad)}>
        <span className={css.verdictMark}>
          <Icon name={verdict.ok ? 'check' : 'cross'} size={36} />
        </span>
        <div>
          <Heading focusKey="verdict">{verdict.sentence}</Heading>
          <p className={css.text}>
            {words.asOf(fullTime(verdict.at))}
            {verdict.dialect && ` · ${t.common.dialect[verdict.dialect]}`}
          </p>
        </div>
      </div>
      {verdict.files.map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same file may be given twice; its place tells them apart
        <FileCard key={`${index}-${file.file}`} file={file} />
      ))}
    </>
  );
}
