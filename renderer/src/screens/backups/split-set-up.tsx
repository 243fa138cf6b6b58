import { useRef, useState } from 'react';
import { recipientSchema } from '../../../../shared/backup/events.ts';
import { personNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { BackupsView, BackupView, SplitView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { Group, TextField } from '../../components/fields.tsx';
import { Centre, Foot, Frame, Right, SideSection } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { HashWords } from '../../components/words.tsx';
import { t } from '../../messages/index.ts';
import { backToBackups, useBackups } from '../../stores/backups.ts';
import type { Leaving } from '../../stores/navigation.ts';
import { newId } from '../../stores/plan-parts.ts';
import { ThresholdChoice } from '../plan/threshold.tsx';
import css from './backups.module.css';
import { useBeside } from './beside-network.tsx';

const words = t.split.setUp;

interface DraftCustodian {
  readonly id: number;
  readonly name: string;
  /** Empty: the share goes out on paper. */
  readonly recipient: string;
}
interface DraftGroup {
  readonly id: number;
  readonly name: string;
  readonly threshold: number;
  readonly custodians: readonly DraftCustodian[];
}

const custodian = (name: string, recipient = ''): DraftCustodian => ({ id: newId(), name, recipient });
const blankGroup = (first: number): DraftGroup => ({
  id: newId(),
  name: '',
  threshold: 2,
  custodians: [1, 2, 3].map(index => custodian(words.suggestedName(first + index - 1))),
});

/**
 * @returns the groups of a set that is made anew, without whoever leaves. Where those who stay would all be needed, so
 *   that one lost share were the loss of all, there is room for a successor.
 */
function withoutLeaving(shares: NonNullable<BackupView['shares']>, leaving: string): DraftGroup[] {
  return shares.groups.map(group => {
    const stay = group.custodians
      .filter(({ name }) => name !== leaving)
      .map(({ name, recipient }) => custodian(name, recipient));
    const isShort = stay.length < group.custodians.length && stay.length <= group.threshold;
    return {
      id: newId(),
      name: group.name ?? '',
      threshold: group.threshold,
      custodians: isShort ? [...stay, custodian('')] : stay,
    };
  });
}

/** How few shares can be enough. */
const fewest = (groups: readonly DraftGroup[], groupThreshold: number): number =>
  groups
    .map(group => group.threshold)
    .sort((one, other) => one - other)
    .slice(0, groupThreshold)
    .reduce((sum, threshold) => sum + threshold, 0);

/** What is wrong with a custodian's line. */
function problemsOf(one: DraftCustodian, names: readonly string[]): { name?: string; recipient?: string } {
  const name = one.name.trim();
  const { recipient } = one;
  return {
    ...(personNameSchema.safeParse(name).success
      ? names.filter(other => other === name).length > 1
        ? { name: words.nameTwice }
        : {}
      : { name: words.nameNeeded }),
    ...(recipient.trim() === '' || recipientSchema.safeParse(recipient.trim()).success
      ? {}
      : { recipient: words.recipientWrong }),
  };
}

/** Who gets a share, how many are needed, and the passphrase that opens the key. */
export function SplitSetUp({
  entry,
  backups,
  leaving,
  onBegun,
}: {
  readonly entry: BackupsView['keys'][number];
  readonly backups: readonly BackupView[];
  readonly leaving: Leaving | undefined;
  readonly onBegun: (split: SplitView) => void;
}) {
  const rehearsal = useBackups(state => state.rehearsal);
  const former = backups.find(backup => backup.id === leaving?.backupId)?.shares;
  const [groups, setGroups] = useState<readonly DraftGroup[]>(() =>
    former && leaving ? withoutLeaving(former, leaving.custodian) : [blankGroup(1)],
  );
  const [groupThreshold, setGroupThreshold] = useState(former?.groupThreshold ?? 1);
  const [tried, setTried] = useState(false);
  const [missing, setMissing] = useState<string>();
  const passphrase = useRef<PassphraseHandle>(null);
  const { ask, busy, panel } = useBeside();

  const names = groups.flatMap(group => group.custodians.map(({ name }) => name.trim()));
  const several = groups.length > 1;
  const needed = Math.min(groupThreshold, groups.length);
  const tooFew = fewest(groups, needed) < 2;
  const isGood =
    !tooFew &&
    groups.every(group => group.custodians.every(one => Object.keys(problemsOf(one, names)).length === 0));
  const change = (id: number, part: Partial<DraftGroup>) =>
    setGroups(groups.map(group => (group.id === id ? { ...group, ...part } : group)));

  const begin = async () => {
    setTried(true);
    setMissing(undefined);
    const field = passphrase.current;
    if (!field || busy || !isGood) return;
    if (field.empty) {
      setMissing(t.common.passphrase.needed);
      return field.focus();
    }
    const bytes = field.take();
    try {
      const split = await ask('beginSplit', {
        rehearsal,
        fingerprint: entry.fingerprint.hex,
        passphrase: bytes,
        groupThreshold: needed,
        groups: groups.map(group => ({
          ...(several && group.name.trim() !== '' ? { name: group.name.trim() } : {}),
          threshold: group.threshold,
          custodians: group.custodians.map(({ name, recipient }) => ({
            name: name.trim(),
            ...(recipient.trim() === '' ? {} : { recipient: recipient.trim() }),
          })),
        })),
      });
      if (split) onBegun(split);
    } finally {
      bytes.fill(0);
    }
  };
  return (
    <Frame crumbs={[entry.repository, t.split.title]} rehearsal={rehearsal}>
      <Centre>
        <Heading focusKey="split-set-up" lead={words.lead}>
          {words.heading(entry.role, entry.holder)}
        </Heading>
        {panel}
        <fieldset disabled={busy} className={css.form}>
          {groups.map((group, index) => (
            <GroupFields
              key={group.id}
              group={group}
              place={several ? index + 1 : undefined}
              names={names}
              tried={tried}
              onChange={part => change(group.id, part)}
              onRemove={several ? () => setGroups(groups.filter(other => other.id !== group.id)) : undefined}
            />
          ))}
          {several && (
            <ThresholdChoice
              label={words.groupThreshold}
              value={needed}
              count={groups.length}
              error={undefined}
              onChange={setGroupThreshold}
            />
          )}
          <div>
            <Action small onPress={() => setGroups([...groups, blankGroup(names.length + 1)])}>
              {several ? words.addGroupMore : words.addGroup}
            </Action>
          </div>
          {tooFew && <Notice tone="stop" title={words.tooFew} />}
          <PassphraseField
            ref={passphrase}
            label={words.passphrase(entry.holder)}
            hint={words.passphraseHint}
            error={missing}
          />
          <p className={css.hint}>{words.interrupted}</p>
        </fieldset>
        <Progress text={busy ? words.busy : null} />
      </Centre>
      <Right label={t.backups.evidence}>
        <SideSection title={t.split.keyWords}>
          <HashWords words={entry.fingerprint.words} />
        </SideSection>
      </Right>
      <Foot
        start={
          <Action
            kind="quiet"
            shortcut={escapeKey}
            onPress={() => backToBackups({ kind: 'key', fingerprint: entry.fingerprint.hex })}
          >
            {t.common.back}
          </Action>
        }
      >
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void begin()}>
          {words.begin}
        </Action>
      </Foot>
    </Frame>
  );
}

/** The custodians of one group, and how many of them are needed. `place`: absent where there is one group only. */
function GroupFields(props: {
  readonly group: DraftGroup;
  readonly place: number | undefined;
  readonly names: readonly string[];
  readonly tried: boolean;
  readonly onChange: (part: Partial<DraftGroup>) => void;
  readonly onRemove: (() => void) | undefined;
}) {
  const { group, place, onChange } = props;
  const { custodians } = group;
  // Where one share is enough there is only one: all would be the same (SLIP-0039, "Notation").
  const set = (list: readonly DraftCustodian[]) =>
    onChange({ custodians: list, threshold: Math.min(Math.max(2, group.threshold), list.length) });
  return (
    <Group label={place === undefined ? words.custodians : words.groupHeading(place)}>
      {place !== undefined && (
        <div className={css.groupName}>
          <TextField
            label={words.groupName(place)}
            value={group.name}
            maxLength={80}
            onChange={name => onChange({ name })}
          />
          {props.onRemove && (
            <IconButton icon="cross" label={words.removeGroup(place)} onPress={props.onRemove} />
          )}
        </div>
      )}
      <div className={css.people}>
        <div className={css.peopleHead} aria-hidden="true">
          <span>{words.nameColumn}</span>
          <span>{words.recipientColumn}</span>
        </div>
        {custodians.map((one, index) => {
          const problems = props.tried ? problemsOf(one, props.names) : {};
          const number = index + 1;
          const replace = (part: Partial<DraftCustodian>) =>
            set(custodians.map(other => (other.id === one.id ? { ...other, ...part } : other)));
          return (
            <div key={one.id} className={css.peopleRow}>
              <TextField
                label={place === undefined ? words.name(number) : words.nameIn(number, place)}
                hideLabel
                width="full"
                value={one.name}
                maxLength={80}
                autoFocus={index === 0 && (place ?? 1) === 1}
                error={problems.name}
                onChange={name => replace({ name })}
              />
              <TextField
                label={place === undefined ? words.recipient(number) : words.recipientIn(number, place)}
                hideLabel
                mono
                width="full"
                value={one.recipient}
                maxLength={80}
                error={problems.recipient}
                onChange={recipient => replace({ recipient })}
              />
              <IconButton
                icon="cross"
                label={place === undefined ? words.remove(number) : words.removeIn(number, place)}
                disabled={custodians.length === 1}
                onPress={() => set(custodians.filter(other => other.id !== one.id))}
              />
            </div>
          );
        })}
        <div>
          <Action
            small
            label={place === undefined ? words.add : words.addTo(place)}
            onPress={() => set([...custodians, custodian('')])}
          >
            {words.add}
          </Action>
        </div>
      </div>
      <ThresholdChoice
        label={place === undefined ? words.threshold : words.thresholdIn(place)}
        value={group.threshold}
        count={custodians.length}
        least={Math.min(2, custodians.length)}
        error={undefined}
        onChange={threshold => onChange({ threshold })}
      />
    </Group>
  );
}
