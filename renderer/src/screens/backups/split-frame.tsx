import type { ReactNode } from 'react';
import type { SplitView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { cx } from '../../components/classes.ts';
import { timeOfDay } from '../../components/format.ts';
import { Frame, Left, Right, SideSection } from '../../components/frame.tsx';
import { Icon } from '../../components/icons.tsx';
import { HashWords } from '../../components/words.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';

const words = t.split;

/** What every step of handing shares out is given. */
export interface SplitStep {
  readonly split: SplitView;
  readonly error: ErrorReport | null;
  readonly onTaken: (split: SplitView) => void;
  readonly onError: (error: ErrorReport) => void;
  /** What leads away, at the foot. */
  readonly start: ReactNode;
}

/** The frame of a split under way: whose turn it is on the left, which key it is on the right. */
export function SplitFrame({ split, children }: { readonly split: SplitView; readonly children: ReactNode }) {
  const rehearsal = useBackups(state => state.rehearsal);
  const { progress, present, set, key } = split;
  return (
    <Frame crumbs={[key.repository, words.title]} rehearsal={rehearsal}>
      <Left label={words.nav}>
        <h2 className={css.navTitle}>{`${words.set} ${set.name}`}</h2>
        <ol className={css.turns}>
          {progress.map(({ number, name, state }) => (
            <li
              key={number}
              className={cx(css.turnItem, state === 'present' && css.navHere)}
              aria-current={state === 'present' ? 'step' : undefined}
            >
              <span>{number}</span>
              <span className={css.navName}>{name}</span>
              {state === 'done' && (
                <span className={css.turnDone}>
                  <Icon name="check" size={15} />
                  {words.state.done}
                </span>
              )}
            </li>
          ))}
          <li
            className={cx(css.turnItem, present === undefined && css.navHere)}
            aria-current={present === undefined ? 'step' : undefined}
          >
            <span>{progress.length + 1}</span>
            <span className={css.navName}>{words.finishNav}</span>
          </li>
        </ol>
      </Left>
      {children}
      <Right label={t.backups.evidence}>
        <SideSection title={words.keyWords}>
          <HashWords words={split.fingerprint.words} />
        </SideSection>
        <SideSection title={words.set}>
          <p className={css.setName}>{set.name}</p>
          <p className={css.sideText}>{split.sentence}</p>
        </SideSection>
        <SideSection title={words.endsAt}>
          <p className={css.sideText}>{words.endsAtText(timeOfDay(split.endsAt))}</p>
        </SideSection>
      </Right>
    </Frame>
  );
}
