import { useState } from 'react';
import { type ParticipantRole, participantRoleSchema } from '../../../shared/ceremony/plan.ts';
import type { PresentPerson } from '../../../shared/ceremony/steps.ts';
import { Action } from '../components/action.tsx';
import { SelectField, TextField } from '../components/fields.tsx';
import { IconButton } from '../components/icon-button.tsx';
import { initialsForm, suggestInitials } from '../components/initials.ts';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import css from './attendance.module.css';
import type { StepProps } from './step.ts';
import { StepLayout } from './step-layout.tsx';

const words = t.steps.attendance;
const roles = participantRoleSchema.options.map(value => ({ value, label: t.common.personRole[value] }));

interface Row extends PresentPerson {
  readonly id: number;
  /** Initials somebody typed are kept; suggested ones follow the name. */
  readonly typed: boolean;
}

function problemsOf(rows: readonly Row[]): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  const count = (pick: (row: Row) => string, value: string) => rows.filter(row => pick(row) === value).length;
  for (const row of rows) {
    if (row.name.trim() === '') problems.set(`name-${row.id}`, words.nameNeeded);
    else if (count(other => other.name.trim(), row.name.trim()) > 1)
      problems.set(`name-${row.id}`, words.nameTwice);
    if (!initialsForm.test(row.initials)) problems.set(`initials-${row.id}`, words.initialsWrong);
    else if (count(other => other.initials, row.initials) > 1)
      problems.set(`initials-${row.id}`, words.initialsTwice);
  }
  return problems;
}

/** Who is present, and the initials they will leave beside their steps. */
export function AttendanceStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const [tried, setTried] = useState(false);
  const [rows, setRows] = useState<readonly Row[]>(() =>
    ceremony.people.map((person, id) => ({ ...person, id, typed: true })),
  );
  const problems = problemsOf(rows);
  const error = (field: string) => (tried ? problems.get(field) : undefined);

  const change = (id: number, part: Partial<Row>) =>
    setRows(
      rows.map(row => {
        if (row.id !== id) return row;
        const changed = { ...row, ...part };
        if (part.name === undefined || changed.typed) return changed;
        const taken = new Set(rows.filter(other => other.id !== id).map(other => other.initials));
        return { ...changed, initials: part.name.trim() === '' ? '' : suggestInitials(part.name, taken) };
      }),
    );
  const add = () => {
    const id = Math.max(-1, ...rows.map(row => row.id)) + 1;
    setRows([...rows, { id, name: '', role: 'observer', initials: '', typed: false }]);
  };
  const submit = () => {
    setTried(true);
    if (problems.size > 0) return;
    const people = rows.map(({ name, role, initials }) => ({ name: name.trim(), role, initials }));
    const by = people.find(person => person.role === 'administrator') ?? people[0];
    if (by) void complete(step.id, by.name, { kind: 'attendance', people }, words.busy);
  };

  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      withoutPeople
      primary={{ label: words.primary, onPress: submit }}
    >
      <table className={css.table}>
        <caption className="visually-hidden">{words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.role}</th>
            <th scope="col">{words.initials}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.id}>
              <td>
                <TextField
                  width="full"
                  hideLabel
                  label={words.nameOf(index + 1)}
                  value={row.name}
                  maxLength={80}
                  error={error(`name-${row.id}`)}
                  onChange={name => change(row.id, { name })}
                />
              </td>
              <td className={css.role}>
                <SelectField<ParticipantRole>
                  hideLabel
                  label={words.roleOf(index + 1)}
                  value={row.role}
                  options={roles}
                  onChange={role => change(row.id, { role })}
                />
              </td>
              <td className={css.initials}>
                <TextField
                  width="full"
                  hideLabel
                  mono
                  label={words.initialsOf(index + 1)}
                  value={row.initials}
                  maxLength={4}
                  error={error(`initials-${row.id}`)}
                  onChange={initials => change(row.id, { initials, typed: true })}
                />
              </td>
              <td className={css.remove}>
                <IconButton
                  icon="cross"
                  label={words.remove(row.name || words.unnamed)}
                  disabled={rows.length === 1}
                  onPress={() => setRows(rows.filter(other => other.id !== row.id))}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className={css.below}>
        <Action small shortcut={altKey('a')} onPress={add}>
          {words.add}
        </Action>
        <p className={css.hint}>{words.hint}</p>
      </div>
    </StepLayout>
  );
}
