import type { ReactNode } from 'react';
import type { SplitView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { timeOfDay } from '../../components/format.ts';
import { Frame, Left, Right, SideSection } from '../../components/frame.tsx';
import { Icon } from '../../components/icons.tsx';
import { SideNavGroup, SideNavItem } from '../../components/side-nav.tsx';
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

function Done({ label }: { readonly label: string }) {
  return (
    <span className={css.turnDone}>
      <Icon name="check" size={15} />
      {label}
    </span>
  );
}

/** The frame of a split under way: whose turn it is on the left, which key it is on the right. */
export function SplitFrame({
  split,
  isFinished = false,
  children,
}: {
  readonly split: SplitView;
  /** The set exists: nothing of it can be given up or ends by itself any more. */
  readonly isFinished?: boolean;
  readonly children: ReactNode;
}) {
  const rehearsal = useBackups(state => state.rehearsal);
  const { progress, present, set, key } = split;
  return (
    <Frame crumbs={[key.repository, words.title]} rehearsal={rehearsal}>
      <Left label={words.nav}>
        <SideNavGroup title={t.backups.set(set.name)} isName ordered>
          {progress.map(({ number, name, state }) => (
            <SideNavItem
              key={number}
              current="step"
              here={state === 'present'}
              number={number}
              name={name}
              state={state === 'done' && <Done label={words.state.done} />}
            />
          ))}
          <SideNavItem
            current="step"
            here={present === undefined && !isFinished}
            number={progress.length + 1}
            name={words.finishNav}
            state={isFinished && <Done label={words.state.finished} />}
          />
        </SideNavGroup>
      </Left>
      {children}
      <Right label={t.backups.evidence}>
        <SideSection title={words.keyWords}>
          <HashWords words={split.fingerprint.words} />
        </SideSection>
        <SideSection title={words.set}>
          <p className={css.setName}>{set.name}</p>
          {!isFinished && <p className={css.sideText}>{split.sentence}</p>}
        </SideSection>
        {!isFinished && (
          <SideSection title={words.endsAt}>
            <p className={css.sideText}>{words.endsAtText(timeOfDay(split.endsAt))}</p>
          </SideSection>
        )}
      </Right>
    </Frame>
  );
}
