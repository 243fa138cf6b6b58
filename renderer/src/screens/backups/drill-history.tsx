import type { ReactNode } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { dateInWords } from '../../components/format.ts';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading, SubHeading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';
import { CareList } from './care-list.tsx';
import { UnderWay } from './under-way.tsx';

const words = t.drill.history;

/** The drills that were held, and what is due. */
export function DrillHistory({
  view,
  error,
  start,
}: {
  readonly view: BackupsView;
  readonly error: ErrorReport | null;
  readonly start: ReactNode;
}) {
  const go = useNavigation(state => state.go);
  const due = view.due.filter(item => item.about.kind === 'drill');
  return (
    <>
      <Centre>
        <Heading focusKey="drills" lead={words.lead}>
          {words.heading}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <UnderWay view={view} />
        {due.length > 0 && <CareList items={due} />}
        <SubHeading>{words.past}</SubHeading>
        {view.drills.length === 0 ? (
          <p className={css.text}>{words.none}</p>
        ) : (
          <ul className={css.cards}>
            {view.drills.map(drill => (
              <li key={drill.id} className={css.card}>
                <div className={css.cardHead}>
                  <h3 className={css.cardTitle}>{drill.title}</h3>
                  <span className={cx(css.state, drill.passed ? css.proven : css.unproven)}>
                    <Icon name={drill.passed ? 'check' : 'warning'} size={15} />
                    {drill.passed
                      ? drill.findings.length === 0
                        ? words.passed
                        : words.passedPartly
                      : words.notPassed}
                  </span>
                </div>
                <p className={css.cardLine}>
                  {[drill.subject, dateInWords(drill.time), words.took(drill.seconds)].join(' · ')}
                </p>
                {drill.people.length > 0 && <p className={css.cardLine}>{drill.people.join(', ')}</p>}
                {drill.findings.length > 0 && (
                  <ul className={css.findings} aria-label={words.findings}>
                    {drill.findings.map(finding => (
                      <li key={finding}>{finding}</li>
                    ))}
                  </ul>
                )}
                {drill.remark !== undefined && <p className={css.cardLine}>{drill.remark}</p>}
              </li>
            ))}
          </ul>
        )}
      </Centre>
      <Foot start={start}>
        <Action kind="primary" shortcut={primaryKey} onPress={() => go({ name: 'drill' })}>
          {t.backups.actions.drill}
        </Action>
      </Foot>
    </>
  );
}
