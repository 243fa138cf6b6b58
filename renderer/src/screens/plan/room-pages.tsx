import { Action } from '../../components/action.tsx';
import { Choices, Group, TextField } from '../../components/fields.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { type DraftPerson, newId, type RoomDraft } from '../../stores/plan-parts.ts';
import css from './plan.module.css';

const words = t.planner;

/** People of one kind who will be there. */
function People(props: {
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

export interface PeoplePageProps {
  readonly room: RoomDraft;
  readonly error: (field: string) => string | undefined;
  readonly onChange: (part: Partial<RoomDraft>) => void;
}

/** Who leads, who watches, who else is there. */
export function PeoplePage({ room, error, onChange }: PeoplePageProps) {
  return (
    <div className={css.fields}>
      <TextField
        label={words.people.administrator}
        hint={words.people.administratorHint}
        value={room.administrator}
        maxLength={80}
        autoFocus
        error={error('name-0')}
        onChange={administrator => onChange({ administrator })}
      />
      <People
        title={words.people.witness}
        hint={words.people.witnessHint}
        one={words.people.witness}
        people={room.witnesses}
        addLabel={words.people.addWitness}
        error={error}
        onChange={witnesses => onChange({ witnesses })}
      />
      <div role="status">
        {room.witnesses.length === 0 && <Notice tone="warning" title={words.people.noWitness} />}
      </div>
      <People
        title={words.people.observers}
        hint={words.people.observersHint}
        one={t.common.personRole.observer}
        people={room.observers}
        addLabel={words.people.addObserver}
        error={error}
        onChange={observers => onChange({ observers })}
      />
    </div>
  );
}

export interface NetworkPageProps {
  readonly value: RoomDraft['network'];
  readonly onChange: (network: RoomDraft['network']) => void;
}

/** What happens when a network appears. */
export function NetworkPage({ value, onChange }: NetworkPageProps) {
  return (
    <div className={css.fields}>
      <Choices
        label={words.network.label}
        autoFocus
        value={value}
        choices={[
          { value: 'refuse', ...words.network.refuse, aside: words.network.standard },
          { value: 'warn', ...words.network.warn },
        ]}
        onChange={onChange}
      />
    </div>
  );
}
