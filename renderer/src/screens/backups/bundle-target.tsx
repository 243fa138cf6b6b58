import { useRef, useState } from 'react';
import { recipientSchema } from '../../../../shared/backup/events.ts';
import { personNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import type { ReplyOf, RequestInput } from '../../../../shared/contract/requests.ts';
import { Action } from '../../components/action.tsx';
import { Choices, FieldError, Group, TextField } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { altKey, escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { NewPassphrase, type NewPassphraseHandle } from '../../steps/new-passphrase.tsx';
import { useDestination } from '../../steps/use-destination.ts';
import { useBackups } from '../../stores/backups.ts';
import { newId } from '../../stores/plan-parts.ts';
import css from './backups.module.css';
import { useBeside } from './beside-network.tsx';
import type { KeyForm } from './bundle.tsx';
import { isNote, keptOf } from './note-dialog.tsx';

const words = t.bundle.where;
type Key = BackupsView['keys'][number];
type To = RequestInput<'makeBundle'>['to'];
export type MadeBundle = Pick<ReplyOf<'makeBundle'>, 'backupId' | 'path' | 'readFrom'>;

interface Person {
  readonly id: number;
  readonly name: string;
  readonly recipient: string;
}
const isPerson = ({ name, recipient }: Person): boolean =>
  personNameSchema.safeParse(name.trim()).success && recipientSchema.safeParse(recipient.trim()).success;

/** Who opens the bundle, and where it goes; then it is written and read back. */
export function BundleTarget({
  keys,
  keyForm,
  onBack,
  onMade,
}: {
  readonly keys: readonly Key[];
  readonly keyForm: KeyForm;
  readonly onBack: () => void;
  readonly onMade: (made: MadeBundle) => void;
}) {
  const { rehearsal, take } = useBackups();
  const destination = useDestination();
  const [opens, setOpens] = useState<'passphrase' | 'people'>('passphrase');
  const [people, setPeople] = useState<readonly Person[]>([{ id: newId(), name: '', recipient: '' }]);
  const [bag, setBag] = useState('');
  const [place, setPlace] = useState('');
  const [tried, setTried] = useState(false);
  const holders = useRef(new Map<string, PassphraseHandle>());
  const fresh = useRef<NewPassphraseHandle>(null);
  const { ask, busy, panel } = useBeside();

  const write = async () => {
    setTried(true);
    const needed = keyForm === 'opened' ? [...holders.current.values()] : [];
    const empty = needed.find(field => field.empty);
    if (empty) return empty.focus();
    if (busy || destination.chosen === null || !isNote(bag) || !isNote(place)) return;
    if (opens === 'people' && !people.every(isPerson)) return;
    const secrets: Uint8Array[] = [];
    try {
      const to = await recipientsOf();
      if (!to) return;
      if ('passphrase' in to) secrets.push(to.passphrase);
      const made = await ask('makeBundle', {
        rehearsal,
        keyForm,
        keys: keys.map(({ fingerprint: { hex } }) => {
          const passphrase = keyForm === 'opened' ? holders.current.get(hex)?.take() : undefined;
          if (!passphrase) return { fingerprint: hex };
          secrets.push(passphrase);
          return { fingerprint: hex, passphrase };
        }),
        to,
        destination: destination.chosen,
        ...keptOf(bag, place),
      });
      if (!made) return;
      take(made.backups);
      onMade({ backupId: made.backupId, path: made.path, readFrom: made.readFrom });
    } finally {
      for (const secret of secrets) secret.fill(0);
    }
  };
  const recipientsOf = async (): Promise<To | null> => {
    if (opens === 'people')
      return {
        recipients: people.map(({ name, recipient }) => ({ name: name.trim(), recipient: recipient.trim() })),
      };
    const passphrase = await fresh.current?.take();
    return passphrase ? { passphrase } : null;
  };
  const note = (text: string) => (isNote(text) ? undefined : t.backups.note.wrong);
  return (
    <>
      <Centre wide>
        <Heading focusKey="bundle-target" lead={words.lead}>
          {words.heading}
        </Heading>
        {panel}
        <fieldset disabled={busy} className={css.form}>
          {keyForm === 'opened' && (
            <Group label={words.holders}>
              {keys.map(({ fingerprint: { hex }, holder, role }) => (
                <PassphraseField
                  key={hex}
                  ref={handle => {
                    if (handle) holders.current.set(hex, handle);
                    else holders.current.delete(hex);
                  }}
                  label={words.holderPassphrase(holder, role)}
                />
              ))}
            </Group>
          )}
          <Choices
            label={words.opens}
            value={opens}
            autoFocus
            choices={(['passphrase', 'people'] as const).map(value => ({ value, ...words[value] }))}
            onChange={setOpens}
          />
          {opens === 'passphrase' ? (
            <div>
              <NewPassphrase
                ref={fresh}
                known={keys.map(key => `${key.repository} ${key.holder}`).join(' ')}
              />
            </div>
          ) : (
            <People people={people} tried={tried} onChange={setPeople} />
          )}
          {destination.choices.length > 0 ? (
            <Choices
              label={t.steps.exporting.mediaHeading}
              value={destination.chosen}
              choices={destination.choices}
              error={tried && destination.chosen === null ? t.steps.exporting.needed : undefined}
              onChange={destination.setChosen}
            />
          ) : (
            <>
              {destination.media === null && <p role="status">{t.steps.exporting.looking}</p>}
              {destination.media?.length === 0 && <Notice tone="plain" title={t.steps.exporting.none} />}
              {tried && <FieldError>{t.steps.exporting.needed}</FieldError>}
            </>
          )}
          {destination.problem && <FieldError>{destination.problem}</FieldError>}
          <Group label={words.kept} hint={words.keptHint}>
            <TextField
              label={words.bag}
              value={bag}
              mono
              maxLength={200}
              error={note(bag)}
              onChange={setBag}
            />
            <TextField
              label={words.place}
              value={place}
              width="full"
              maxLength={200}
              error={note(place)}
              onChange={setPlace}
            />
          </Group>
        </fieldset>
        <Progress text={busy ? words.busy : null} />
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={onBack}>
            {words.back}
          </Action>
        }
      >
        <Action shortcut={altKey('f')} onPress={() => void destination.chooseFolder()}>
          {words.folder}
        </Action>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void write()}>
          {words.write}
        </Action>
      </Foot>
    </>
  );
}

/** The people whose age identity opens the bundle. */
function People(props: {
  readonly people: readonly Person[];
  readonly tried: boolean;
  readonly onChange: (people: readonly Person[]) => void;
}) {
  const { people, tried, onChange } = props;
  return (
    <Group label={words.people.name}>
      <div className={css.people}>
        <div className={css.peopleHead} aria-hidden="true">
          <span>{t.split.setUp.nameColumn}</span>
          <span>{words.recipientColumn}</span>
        </div>
        {people.map((person, index) => {
          const replace = (part: Partial<Person>) =>
            onChange(people.map(other => (other.id === person.id ? { ...other, ...part } : other)));
          const nameWrong = tried && !personNameSchema.safeParse(person.name.trim()).success;
          const recipientWrong = tried && !recipientSchema.safeParse(person.recipient.trim()).success;
          return (
            <div key={person.id} className={css.peopleRow}>
              <TextField
                label={words.recipientName(index + 1)}
                hideLabel
                width="full"
                value={person.name}
                maxLength={80}
                error={nameWrong ? t.split.setUp.nameNeeded : undefined}
                onChange={name => replace({ name })}
              />
              <TextField
                label={words.recipient(index + 1)}
                hideLabel
                mono
                width="full"
                value={person.recipient}
                maxLength={80}
                error={recipientWrong ? t.split.setUp.recipientWrong : undefined}
                onChange={recipient => replace({ recipient })}
              />
              <IconButton
                icon="cross"
                label={words.remove(index + 1)}
                disabled={people.length === 1}
                onPress={() => onChange(people.filter(other => other.id !== person.id))}
              />
            </div>
          );
        })}
        <div>
          <Action small onPress={() => onChange([...people, { id: newId(), name: '', recipient: '' }])}>
            {words.add}
          </Action>
        </div>
      </div>
    </Group>
  );
}
