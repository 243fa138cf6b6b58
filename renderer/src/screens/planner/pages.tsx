import type { GeneratedKeyType } from '../../../../shared/ceremony/plan.ts';
import { Action } from '../../components/action.tsx';
import { Check, Choices, Group, SelectField, TextField } from '../../components/fields.tsx';
import { dateInWords } from '../../components/format.ts';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { machineNow } from '../../stores/machine.ts';
import { endOf } from '../../stores/plan-draft.ts';
import { type DraftDuration, type DraftPerson, newId, usePlanner } from '../../stores/planner.ts';
import { HolderList } from './holder-list.tsx';
import css from './planner.module.css';
import { useDraft } from './use-draft.ts';

const words = t.planner;
const everyKeytype: readonly GeneratedKeyType[] = ['ecdsa-p256', 'ecdsa-p384', 'ed25519'];
/** A Notary root key stands in an X.509 certificate, which its clients read with ECDSA or RSA only. */
const notaryRootKeytypes: readonly GeneratedKeyType[] = ['ecdsa-p256', 'ecdsa-p384'];

export function RepositoryPage() {
  const { draft, change, shown } = useDraft();
  const { setHolders } = usePlanner();
  return (
    <div className={css.fields}>
      <Choices
        label={words.dialect.label}
        value={draft.dialect}
        autoFocus
        choices={(['notary-v1', 'tuf-1.0'] as const).map(value => ({ value, ...words.dialect[value] }))}
        error={shown('repository', 'dialect')}
        onChange={dialect => {
          change({ dialect });
          if (dialect === 'notary-v1')
            setHolders(
              draft.holders.map(holder =>
                holder.keytype === 'ed25519' ? { ...holder, keytype: 'ecdsa-p256' } : holder,
              ),
            );
        }}
      />
      <TextField
        label={words.name.label}
        value={draft.repository}
        mono
        width="full"
        maxLength={255}
        hint={draft.dialect === 'tuf-1.0' ? words.name.tufHint : words.name.gunHint}
        error={shown('repository', 'name')}
        onChange={repository => change({ repository: repository.trim() })}
      />
    </div>
  );
}

export function HoldersPage() {
  const { draft, shown } = useDraft();
  const { setHolders } = usePlanner();
  return (
    <div className={css.fields}>
      <HolderList
        role={words.holder.root}
        holders={draft.holders}
        keytypes={draft.dialect === 'notary-v1' ? notaryRootKeytypes : everyKeytype}
        addLabel={words.holder.addRoot}
        suggest={words.holder.suggested}
        error={field => shown('holders', field)}
        onChange={setHolders}
      />
      <p className={css.hint}>
        {words.holder.order} {words.holder.keytypeHint}
      </p>
    </div>
  );
}

export function ThresholdPage() {
  const { draft, change, shown } = useDraft();
  const { chooseThreshold } = usePlanner();
  const count = draft.holders.length;
  const { threshold } = draft;
  const risky = threshold !== null && (threshold === count || threshold === 1);
  return (
    <div className={css.fields}>
      <Choices
        label={words.threshold.label}
        row
        autoFocus
        value={threshold === null ? null : String(threshold)}
        choices={draft.holders.map((_, index) => ({
          value: String(index + 1),
          name: count === 1 ? words.threshold.choiceOne : words.threshold.choice(index + 1, count),
        }))}
        error={shown('threshold', 'threshold')}
        onChange={value => chooseThreshold(Number(value))}
      />
      <div role="status">
        {threshold !== null && (
          <Notice tone={risky ? 'warning' : 'good'} title={words.threshold.sentence(threshold, count)} />
        )}
      </div>
      {threshold === count && (
        <TextField
          label={words.threshold.reasonLabel}
          hint={words.threshold.reasonHint}
          value={draft.thresholdReason}
          lines={2}
          width="full"
          maxLength={500}
          error={shown('threshold', 'reason')}
          onChange={thresholdReason => change({ thresholdReason })}
        />
      )}
      {threshold !== null && (
        <Group
          label={words.threshold.signersLabel}
          hint={words.threshold.signersHint(threshold)}
          error={shown('threshold', 'signers')}
        >
          <div className={css.signers}>
            {draft.holders.map(holder => (
              <Check
                key={holder.id}
                label={holder.name}
                checked={draft.signers.includes(holder.id)}
                onChange={checked =>
                  change({
                    signers: checked
                      ? [...draft.signers, holder.id]
                      : draft.signers.filter(id => id !== holder.id),
                  })
                }
              />
            ))}
          </div>
        </Group>
      )}
    </div>
  );
}

export function TargetsPage() {
  const { draft, change, shown } = useDraft();
  const count = draft.targetsHolders.length;
  return (
    <div className={css.fields}>
      <HolderList
        role={words.holder.targets}
        holders={draft.targetsHolders}
        keytypes={everyKeytype}
        addLabel={words.holder.addTargets}
        suggest={index =>
          index === 0 ? words.holder.suggestedTargets : words.holder.suggestedTargetsMore(index + 1)
        }
        error={field => shown('targets', field)}
        onChange={targetsHolders =>
          change({
            targetsHolders,
            targetsThreshold: Math.min(draft.targetsThreshold, targetsHolders.length),
          })
        }
      />
      {count > 1 && (
        <Choices
          label={words.targets.thresholdLabel}
          row
          value={String(draft.targetsThreshold)}
          choices={draft.targetsHolders.map((_, index) => ({
            value: String(index + 1),
            name: words.threshold.choice(index + 1, count),
          }))}
          error={shown('targets', 'threshold')}
          onChange={value => change({ targetsThreshold: Number(value) })}
        />
      )}
    </div>
  );
}

/** How long a role is valid, and until when that is. */
export function Validity(props: {
  readonly role: string;
  readonly value: DraftDuration;
  readonly error: string | undefined;
  readonly autoFocus?: boolean;
  readonly onChange: (value: DraftDuration) => void;
}) {
  const end = endOf(props.value, machineNow());
  const units = (['Y', 'M', 'D'] as const).map(value => ({ value, label: words.validity.units[value] }));
  return (
    <div className={css.validity}>
      <TextField
        label={words.validity.amountLabel(props.role)}
        width="tiny"
        maxLength={3}
        autoFocus={props.autoFocus ?? false}
        value={props.value.amount}
        error={props.error}
        onChange={amount => props.onChange({ ...props.value, amount: amount.trim() })}
      />
      <SelectField
        label={words.validity.unitLabel(props.role)}
        hideLabel
        value={props.value.unit}
        options={units}
        onChange={unit => props.onChange({ ...props.value, unit })}
      />
      <p className={css.until} role="status">
        {end && words.validity.until(dateInWords(end.toISOString()))}
      </p>
    </div>
  );
}

export function ValidityPage() {
  const { draft, change, shown } = useDraft();
  return (
    <div className={css.fields}>
      <Validity
        role={words.validity.root}
        value={draft.rootValidity}
        error={shown('validity', 'root')}
        autoFocus
        onChange={rootValidity => change({ rootValidity })}
      />
      <Validity
        role={words.validity.targets}
        value={draft.targetsValidity}
        error={shown('validity', 'targets')}
        onChange={targetsValidity => change({ targetsValidity })}
      />
      <p className={css.hint}>{words.validity.hint}</p>
    </div>
  );
}

/** People of one kind who will be there. */
export function People(props: {
  readonly title: string;
  readonly hint: string;
  readonly one: string;
  readonly people: readonly DraftPerson[];
  readonly addLabel: string;
  readonly error: (field: string) => string | undefined;
  readonly onChange: (people: readonly DraftPerson[]) => void;
}) {
  return (
    <Group label={props.title} hint={props.hint}>
      {props.people.map((person, index) => (
        <div key={person.id} className={css.person}>
          <TextField
            label={words.people.nameOf(props.one, index + 1)}
            hideLabel
            value={person.name}
            maxLength={80}
            error={props.error(`name-${person.id}`)}
            onChange={name =>
              props.onChange(props.people.map(other => (other.id === person.id ? { ...other, name } : other)))
            }
          />
          <IconButton
            icon="cross"
            label={words.people.remove(props.one, index + 1)}
            onPress={() => props.onChange(props.people.filter(other => other.id !== person.id))}
          />
        </div>
      ))}
      <div>
        <Action small onPress={() => props.onChange([...props.people, { id: newId(), name: '' }])}>
          {props.addLabel}
        </Action>
      </div>
    </Group>
  );
}

export function PeoplePage() {
  const { draft, change, shown } = useDraft();
  const error = (field: string) => shown('people', field);
  return (
    <div className={css.fields}>
      <TextField
        label={words.people.administrator}
        hint={words.people.administratorHint}
        value={draft.administrator}
        maxLength={80}
        autoFocus
        error={error('name-0')}
        onChange={administrator => change({ administrator })}
      />
      <People
        title={words.people.witness}
        hint={words.people.witnessHint}
        one={words.people.witness}
        people={draft.witnesses}
        addLabel={words.people.addWitness}
        error={error}
        onChange={witnesses => change({ witnesses })}
      />
      <div role="status">
        {draft.witnesses.length === 0 && <Notice tone="warning" title={words.people.noWitness} />}
      </div>
      <People
        title={words.people.observers}
        hint={words.people.observersHint}
        one={t.common.personRole.observer}
        people={draft.observers}
        addLabel={words.people.addObserver}
        error={error}
        onChange={observers => change({ observers })}
      />
    </div>
  );
}

export function NetworkPage() {
  const { draft, change } = useDraft();
  return (
    <div className={css.fields}>
      <Choices
        label={words.network.label}
        autoFocus
        value={draft.network}
        choices={[
          { value: 'refuse', ...words.network.refuse, aside: words.network.standard },
          { value: 'warn', ...words.network.warn },
        ]}
        onChange={network => change({ network })}
      />
    </div>
  );
}
