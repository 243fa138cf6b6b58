import type { ReactNode } from 'react';
import { Action } from '../components/action.tsx';
import { SelectField } from '../components/fields.tsx';
import { shortFingerprint, timeOfDay } from '../components/format.ts';
import { Centre, Foot } from '../components/frame.tsx';
import { Heading } from '../components/heading.tsx';
import { Icon } from '../components/icons.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { Initials } from '../components/person.tsx';
import { Progress } from '../components/progress.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { primaryKey, type Shortcut } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useMachine } from '../stores/machine.ts';
import { Evidence } from './evidence.tsx';
import { isHolderStep, type StepProps, useBy } from './step.ts';
import css from './step-layout.module.css';
import { StopButton } from './stop-dialog.tsx';

export interface StepAction {
  readonly label: string;
  readonly onPress: () => void;
  readonly shortcut?: Shortcut;
  /** Why it does not answer now; shown beside it. */
  readonly blocked?: string | undefined;
  readonly busy?: boolean;
}

export interface StepLayoutProps extends StepProps {
  readonly primary: StepAction;
  readonly secondary?: readonly StepAction[];
  /** More to do about the error that stands in place. */
  readonly errorActions?: ReactNode;
  /** The step asks itself who is present; nobody is shown yet. */
  readonly withoutPeople?: boolean;
  /** More actions at the foot, which look after themselves. */
  readonly more?: ReactNode;
  readonly children?: ReactNode;
}

/** Whose step it is, and who else is in the room. */
function Who({ ceremony, step }: StepProps) {
  const chooseInitialler = useCeremony(state => state.chooseInitialler);
  const by = useBy({ ceremony, step });
  const person = ceremony.people.find(candidate => candidate.name === by);
  const others = ceremony.people.filter(candidate => candidate.name !== by).map(candidate => candidate.name);
  return (
    <div className={css.who}>
      {person && <Initials>{person.initials}</Initials>}
      {isHolderStep(step) ? (
        <span className={css.whoText} title={t.ceremony.present(others.join(', '))}>
          <strong>{by}</strong>. {others.length > 0 && t.ceremony.present(others.join(', '))}
        </span>
      ) : (
        <SelectField
          compact
          label={t.ceremony.initialledBy}
          value={by}
          options={ceremony.people.map(candidate => ({
            value: candidate.name,
            label: `${candidate.name} (${candidate.initials})`,
          }))}
          onChange={chooseInitialler}
        />
      )}
      {ceremony.rehearsal && <RehearsalMark />}
    </div>
  );
}

/** From the isolation step on, a network stops a ceremony that is not to go on with one. */
function useNetworkRefused({ ceremony, step }: StepProps): boolean {
  const present = useMachine(state => state.network?.state === 'present');
  return (
    present && ceremony.networkPolicy === 'refuse' && step.kind !== 'attendance' && step.kind !== 'isolation'
  );
}

/** Acknowledges the step done just before. */
function LastDone({ ceremony }: Pick<StepProps, 'ceremony'>) {
  const lastDone = useCeremony(state => state.lastDone);
  const step = ceremony.steps.find(candidate => candidate.id === lastDone && candidate.state === 'done');
  const key = step?.kind === 'generate-key' ? step.outcome?.[0] : undefined;
  return (
    // Told to those who listen; those who look see it in the script, but for a new key's ID.
    <div role="status">
      {step && (
        <p className={key ? css.lastDoneLine : 'visually-hidden'}>
          <Icon name="check" />
          <span>
            {t.ceremony.lastDone(step.title, step.initials ?? '', step.time ? timeOfDay(step.time) : '')}
          </span>
          {key && (
            <span title={key.value}>
              {key.label} <code>{shortFingerprint(key.value)}</code>
            </span>
          )}
        </p>
      )}
    </div>
  );
}

/**
 * The frame of a step: whose it is, its heading and explanation, its own content, what went wrong, the work in
 * progress, and its actions at the foot.
 */
export function StepLayout(props: StepLayoutProps) {
  const { ceremony, step, primary, secondary = [], children } = props;
  const { busy, error } = useCeremony();
  const working = busy !== null;
  const refused = useNetworkRefused(props);
  const blocked = primary.blocked ?? (refused ? t.steps.isolation.blockedNetwork : undefined);
  return (
    <>
      <Centre>
        <LastDone ceremony={ceremony} />
        {props.withoutPeople ? (
          ceremony.rehearsal && <RehearsalMark />
        ) : (
          <Who ceremony={ceremony} step={step} />
        )}
        <Heading focusKey={step.id} lead={step.explanation}>
          {step.title}
        </Heading>
        {refused && <Notice tone="stop" title={t.ceremony.networkLost} />}
        {error && (
          <ErrorPanel error={error} reassure={t.errors.nothingLost}>
            {props.errorActions}
          </ErrorPanel>
        )}
        {/* While work is under way nothing typed may change under it. */}
        <fieldset disabled={working} className={css.content}>
          {children}
        </fieldset>
        <Progress text={busy} />
      </Centre>
      <Evidence ceremony={ceremony} />
      <Foot start={<StopButton ceremony={ceremony} />}>
        {blocked && <span className={css.blocked}>{blocked}</span>}
        {secondary.map(action => (
          <Action
            key={action.label}
            shortcut={action.shortcut}
            blocked={action.blocked !== undefined}
            busy={action.busy ?? false}
            onPress={action.onPress}
          >
            {action.label}
          </Action>
        ))}
        {props.more}
        <Action
          kind="primary"
          shortcut={primaryKey}
          blocked={blocked !== undefined}
          busy={working}
          onPress={primary.onPress}
        >
          {primary.label}
        </Action>
      </Foot>
    </>
  );
}
