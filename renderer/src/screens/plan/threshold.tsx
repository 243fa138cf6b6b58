import { Choices, ReasonField } from '../../components/fields.tsx';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import css from './plan.module.css';

const words = t.planner.threshold;

export interface ThresholdChoiceProps {
  readonly label: string;
  /** null: not chosen yet. */
  readonly value: number | null;
  readonly count: number;
  /** The least that can be chosen; 1 where it is left out. */
  readonly least?: number;
  readonly error: string | undefined;
  /** What it is now, where there is something now. */
  readonly before?: string;
  readonly autoFocus?: boolean;
  readonly onChange: (threshold: number) => void;
}

/** How many of a role's keys must sign. */
export function ThresholdChoice(props: ThresholdChoiceProps) {
  const { value, count, least = 1 } = props;
  return (
    <>
      <Choices
        label={props.label}
        row
        autoFocus={props.autoFocus ?? false}
        value={value === null || value > count ? null : String(value)}
        choices={Array.from({ length: count - least + 1 }, (_, index) => ({
          value: String(index + least),
          name: count === 1 ? words.choiceOne : words.choice(index + least, count),
        }))}
        error={props.error}
        onChange={chosen => props.onChange(Number(chosen))}
      />
      {props.before !== undefined && <p className={css.quiet}>{props.before}</p>}
    </>
  );
}

export interface RootThresholdProps {
  readonly threshold: number | null;
  readonly count: number;
  readonly reason: string;
  readonly before?: string;
  readonly autoFocus?: boolean;
  readonly error: (field: string) => string | undefined;
  readonly onThreshold: (threshold: number) => void;
  readonly onReason: (reason: string) => void;
}

/** How many root holders must sign, what that means, and why it is all of them, where it is. */
export function RootThreshold(props: RootThresholdProps) {
  const { threshold, count } = props;
  return (
    <>
      <ThresholdChoice
        label={words.label}
        value={threshold}
        count={count}
        error={props.error('threshold')}
        {...(props.before === undefined ? {} : { before: props.before })}
        autoFocus={props.autoFocus ?? false}
        onChange={props.onThreshold}
      />
      <div role="status">
        {threshold !== null && threshold <= count && (
          <Notice
            tone={threshold === count || threshold === 1 ? 'warning' : 'good'}
            title={words.sentence(threshold, count)}
          />
        )}
      </div>
      {threshold === count && (
        <ReasonField
          label={words.reasonLabel}
          hint={words.reasonHint}
          value={props.reason}
          error={props.error('reason')}
          onChange={props.onReason}
        />
      )}
    </>
  );
}
