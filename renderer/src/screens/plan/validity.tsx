import { SelectField, TextField } from '../../components/fields.tsx';
import { dateInWords } from '../../components/format.ts';
import { t } from '../../messages/index.ts';
import { machineNow } from '../../stores/machine.ts';
import { type DraftDuration, endOf } from '../../stores/plan-parts.ts';
import css from './plan.module.css';

const words = t.planner.validity;
const units = (['Y', 'M', 'D'] as const).map(value => ({ value, label: words.units[value] }));

export interface ValidityProps {
  readonly role: string;
  readonly value: DraftDuration;
  readonly error: string | undefined;
  readonly autoFocus?: boolean;
  readonly onChange: (value: DraftDuration) => void;
}

/** How long a role is valid, and until when that is. */
export function Validity({ role, value, error, autoFocus = false, onChange }: ValidityProps) {
  const end = endOf(value, machineNow());
  return (
    <div className={css.validity}>
      <TextField
        label={words.amountLabel(role)}
        width="tiny"
        maxLength={3}
        autoFocus={autoFocus}
        value={value.amount}
        error={error}
        onChange={amount => onChange({ ...value, amount: amount.trim() })}
      />
      <SelectField
        label={words.unitLabel(role)}
        hideLabel
        value={value.unit}
        options={units}
        onChange={unit => onChange({ ...value, unit })}
      />
      <p className={css.until} role="status">
        {end && words.until(dateInWords(end.toISOString()))}
      </p>
    </div>
  );
}

export interface BothValiditiesProps {
  readonly draft: { readonly rootValidity: DraftDuration; readonly targetsValidity: DraftDuration };
  readonly error: (field: string) => string | undefined;
  readonly onChange: (part: Partial<BothValiditiesProps['draft']>) => void;
}

/** The validities of a first root and of the targets that come with it. */
export function BothValidities({ draft, error, onChange }: BothValiditiesProps) {
  return (
    <div className={css.fields}>
      <Validity
        role={words.root}
        value={draft.rootValidity}
        error={error('root')}
        autoFocus
        onChange={rootValidity => onChange({ rootValidity })}
      />
      <Validity
        role={words.targets}
        value={draft.targetsValidity}
        error={error('targets')}
        onChange={targetsValidity => onChange({ targetsValidity })}
      />
      <p className={css.hint}>{words.hint}</p>
    </div>
  );
}
