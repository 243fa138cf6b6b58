import type { RestoreView } from '../../../../shared/contract/backup-views.ts';
import { dateInWords, shortFingerprint, timeOfDay } from '../../components/format.ts';
import { Right, SideRow, SideSection } from '../../components/frame.tsx';
import { HashWords } from '../../components/words.tsx';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';

const words = t.recover;

/** What was handed in so far, always in the same place. */
export function Handed({ restore }: { readonly restore: RestoreView }) {
  const { shares, bundle, keys } = restore;
  const [only] = keys;
  return (
    <Right label={words.evidence}>
      <SideSection title={words.evidence}>
        {!shares && !bundle && <p className={css.sideText}>{words.nothingYet}</p>}
        {shares && (
          <>
            <p className={css.setName}>{shares.set}</p>
            {shares.groups
              .filter(group => group.given.length > 0)
              .map(group => (
                <ul key={group.index} className={css.sideList}>
                  {group.given.map(name => (
                    <li key={name}>{name}</li>
                  ))}
                </ul>
              ))}
            <p className={css.sideText} role="status">
              {shares.enough ? words.shares.enough : shares.missing}
            </p>
          </>
        )}
        {bundle && (
          <>
            <p className={css.sideText}>{dateInWords(bundle.made)}</p>
            <SideRow label={t.common.sha256} value={shortFingerprint(bundle.sha256).slice(0, 9)} mono />
            <SideRow
              label={t.backups.bundle.journal}
              value={t.backups.bundle.journalEnd(bundle.journal.entries)}
            />
          </>
        )}
      </SideSection>
      {only && keys.length === 1 && (
        <SideSection title={t.backups.fingerprint}>
          <HashWords words={only.fingerprint.words} />
        </SideSection>
      )}
      <SideSection title={t.split.endsAt}>
        <p className={css.sideText}>{t.split.endsAtText(timeOfDay(restore.endsAt))}</p>
      </SideSection>
    </Right>
  );
}
