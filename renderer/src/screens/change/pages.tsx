import type { GeneratedKeyType } from '../../../../shared/ceremony/plan.ts';
import { cx } from '../../components/classes.ts';
import { Check, Choices, Group, SelectField, TextField } from '../../components/fields.tsx';
import { dateInWords, shortFingerprint } from '../../components/format.ts';
import { SubHeading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import {
  type ChangePart,
  changeParts,
  type Fate,
  hasTokens,
  keepersOf,
  type Member,
  type Roster,
  rootAfter,
  signsTargets,
  targetsAfter,
  touchesHolders,
  touchesTargets,
} from '../../stores/change-draft.ts';
import { BackupsPolicy } from '../plan/backups-policy.tsx';
import { CurrentTargets } from '../plan/current-targets.tsx';
import { custodies, everyKeytype, HolderList, rootKeytypes } from '../plan/holder-list.tsx';
import plan from '../plan/plan.module.css';
import { RootThreshold, ThresholdChoice } from '../plan/threshold.tsx';
import { Validity } from '../plan/validity.tsx';
import css from './change.module.css';
import { useChangeDraft } from './use-change-draft.ts';

const words = t.change;

export function WhatPage() {
  const { draft, change } = useChangeDraft();
  const toggle = (part: ChangePart, chosen: boolean) => {
    const parts = new Set(draft.parts);
    if (chosen) parts.add(part);
    else parts.delete(part);
    change({ parts });
  };
  return (
    <div className={plan.fields}>
      <Group label={words.parts.label}>
        {changeParts.map((part, index) => (
          <Check
            key={part}
            label={words.parts[part].name}
            text={words.parts[part].text}
            checked={draft.parts.has(part)}
            autoFocus={index === 0}
            onChange={chosen => toggle(part, chosen)}
          />
        ))}
      </Group>
    </div>
  );
}

interface RosterFieldsProps {
  readonly roster: Roster;
  readonly keytypes: readonly GeneratedKeyType[];
  readonly addLabel: string;
  readonly suggest: (index: number) => string;
  /** Whether it is asked which keys may be in the wrong hands. */
  readonly asksCompromised: boolean;
  readonly error: (field: string) => string | undefined;
  readonly onChange: (roster: Roster) => void;
}

const fates: readonly { value: Fate; label: string }[] = (['stays', 'replaced', 'leaves'] as const).map(
  value => ({ value, label: words.holders.fate[value] }),
);

/** Those who hold a key now, what becomes of each, and who joins. */
function RosterFields(props: RosterFieldsProps) {
  const { roster, keytypes, onChange } = props;
  const replace = (member: Member, part: Partial<Member>) =>
    onChange({
      ...roster,
      members: roster.members.map(other => (other === member ? { ...member, ...part } : other)),
    });
  const names = roster.members.map(member => member.name);
  return (
    <>
      <Group label={words.holders.present} error={props.error('nobody') ?? props.error('compromised')}>
        <ul className={css.members}>
          {roster.members.map(member => (
            <li key={member.keyId} className={cx(css.member, member.fate === 'leaves' && css.gone)}>
              <span className={css.memberName}>
                <strong>{member.name}</strong>
                <code title={member.keyId}>{shortFingerprint(member.keyId)}</code>
              </span>
              <SelectField<Fate>
                hideLabel
                label={words.holders.fateOf(member.name)}
                value={member.fate}
                options={fates}
                onChange={fate =>
                  replace(member, { fate, compromised: fate !== 'stays' && member.compromised })
                }
              />
              {member.fate === 'replaced' ? (
                <SelectField
                  hideLabel
                  label={words.holders.keytypeOf(member.name)}
                  value={member.keytype}
                  options={keytypes.map(keytype => ({ value: keytype, label: t.common.keytype[keytype] }))}
                  onChange={keytype => replace(member, { keytype })}
                />
              ) : (
                <span />
              )}
              {member.fate === 'replaced' && (
                <div className={css.custody}>
                  <SelectField
                    compact
                    label={t.tokens.kept}
                    ariaLabel={t.tokens.custodyOfName(member.name)}
                    value={member.custody}
                    options={custodies}
                    onChange={custody => replace(member, { custody })}
                  />
                </div>
              )}
              {props.asksCompromised && (
                <div className={css.lost}>
                  <Check
                    label={words.holders.compromised(member.name)}
                    checked={member.compromised}
                    onChange={compromised =>
                      replace(member, {
                        compromised,
                        // A key in the wrong hands cannot stay.
                        fate: compromised && member.fate === 'stays' ? 'replaced' : member.fate,
                      })
                    }
                  />
                </div>
              )}
            </li>
          ))}
        </ul>
      </Group>
      <Group label={words.holders.joining}>
        {roster.joining.length === 0 && <p className={plan.quiet}>{words.holders.nobodyJoins}</p>}
        <HolderList
          mayBeEmpty
          role={words.holders.joiningRole}
          holders={roster.joining}
          keytypes={keytypes}
          addLabel={props.addLabel}
          suggest={index => {
            let place = names.length + index;
            while (names.includes(props.suggest(place))) place += 1;
            return props.suggest(place);
          }}
          error={props.error}
          onChange={joining => onChange({ ...roster, joining })}
        />
      </Group>
    </>
  );
}

export function HoldersPage() {
  const { draft, repository, change, shown } = useChangeDraft();
  return (
    <div className={plan.fields}>
      <RosterFields
        roster={draft.root}
        keytypes={rootKeytypes(repository.dialect)}
        addLabel={words.holders.addRoot}
        suggest={t.planner.holder.suggested}
        asksCompromised={draft.parts.has('compromise')}
        error={field => shown('holders', field)}
        onChange={root => change({ root })}
      />
    </div>
  );
}

export function ThresholdPage() {
  const { draft, repository, change, shown } = useChangeDraft();
  return (
    <div className={plan.fields}>
      <RootThreshold
        threshold={draft.threshold}
        count={rootAfter(draft).length}
        reason={draft.thresholdReason}
        before={words.threshold.before(repository.threshold, repository.rootKeys.length)}
        error={field => shown('threshold', field)}
        onThreshold={threshold => change({ threshold })}
        onReason={thresholdReason => change({ thresholdReason })}
      />
    </div>
  );
}

export function TargetsPage() {
  const { draft, repository, change, shown } = useChangeDraft();
  const count = targetsAfter(draft).length;
  return (
    <div className={plan.fields}>
      <RosterFields
        roster={draft.targets}
        keytypes={everyKeytype}
        addLabel={words.holders.addTargets}
        suggest={index => t.planner.holder.suggestedTargetsMore(index + 1)}
        asksCompromised={draft.parts.has('targetsCompromise')}
        error={field => shown('targets', field)}
        onChange={targets => change({ targets })}
      />
      {(count > 1 || draft.targetsThreshold > count) && (
        <ThresholdChoice
          label={t.planner.targets.thresholdLabel}
          before={words.threshold.before(repository.targetsThreshold, repository.targetsKeys.length)}
          value={draft.targetsThreshold}
          count={count}
          error={shown('targets', 'threshold')}
          onChange={targetsThreshold => change({ targetsThreshold })}
        />
      )}
      <CurrentTargets
        notary={repository.dialect === 'notary-v1'}
        file={draft.currentTargets}
        onChange={currentTargets => change({ currentTargets })}
      />
    </div>
  );
}

export function OnlinePage() {
  const { repository } = useChangeDraft();
  return (
    <div className={plan.fields}>
      <Notice
        tone="plain"
        title={repository.dialect === 'notary-v1' ? words.online.notary : words.online.text}
      />
    </div>
  );
}

export function BackupsPage() {
  const { draft, repository, change, shown } = useChangeDraft();
  return (
    <BackupsPolicy
      draft={draft}
      hasTokens={hasTokens(draft, repository)}
      error={field => shown('backups', field)}
      onChange={change}
    />
  );
}

export function ValidityPage() {
  const { draft, repository, rehearsal, change, shown } = useChangeDraft();
  const changesTargets = touchesTargets(draft);
  return (
    <div className={plan.fields}>
      {rehearsal ? (
        <Notice tone="plain" title={t.planner.facts.rehearsalValid} />
      ) : (
        <Validity
          role={t.planner.validity.root}
          value={draft.rootValidity}
          error={shown('validity', 'root')}
          autoFocus
          onChange={rootValidity => change({ rootValidity })}
        />
      )}
      {changesTargets ? (
        <p className={plan.quiet}>{words.validity.targetsAnyway}</p>
      ) : (
        <Check
          label={words.validity.renewTargets}
          text={words.validity.renewTargetsText}
          checked={draft.renewTargets}
          onChange={renewTargets => change({ renewTargets })}
        />
      )}
      {signsTargets(draft) && !rehearsal && (
        <Validity
          role={t.planner.validity.targets}
          value={draft.targetsValidity}
          error={shown('validity', 'targets')}
          onChange={targetsValidity => change({ targetsValidity })}
        />
      )}
      {draft.renewTargets && !changesTargets && (
        <CurrentTargets
          notary={repository.dialect === 'notary-v1'}
          file={draft.currentTargets}
          onChange={currentTargets => change({ currentTargets })}
        />
      )}
      {repository.dialect === 'notary-v1' && <Certificates />}
      <p className={plan.hint}>{t.planner.validity.hint}</p>
    </div>
  );
}

/** Notary: whose certificate is made anew, the key staying the same. */
function Certificates() {
  const { draft, repository, change } = useChangeDraft();
  const { certificates } = draft;
  const keepers = keepersOf(draft);
  if (keepers.length === 0) return null;
  const endOf = (name: string) => repository.rootKeys.find(key => key.holder === name)?.certificateEnds;
  return (
    <>
      <Choices
        label={words.validity.certificates}
        value={certificates ? 'chosen' : 'due'}
        choices={[
          { value: 'due', ...words.validity.due, aside: t.planner.network.standard },
          { value: 'chosen', ...words.validity.chosen },
        ]}
        onChange={choice => change({ certificates: choice === 'due' ? null : new Set() })}
      />
      {certificates && (
        <Group label={words.validity.chosen.name} hint={words.validity.certificatesHint}>
          {keepers.map(name => {
            const end = endOf(name);
            return (
              <Check
                key={name}
                label={words.validity.renewalOf(name)}
                {...(end === undefined ? {} : { text: words.validity.endsOn(dateInWords(end)) })}
                checked={certificates.has(name)}
                onChange={chosen => {
                  const next = new Set(certificates);
                  if (chosen) next.add(name);
                  else next.delete(name);
                  change({ certificates: next });
                }}
              />
            );
          })}
        </Group>
      )}
    </>
  );
}

/** How many of a quorum can sign, and whether that is enough. */
function Quorum({
  title,
  needed,
  can,
}: {
  readonly title: string;
  readonly needed: number;
  readonly can: number;
}) {
  const met = can >= needed;
  return (
    <div className={css.quorum}>
      <strong>{title}</strong>
      <span>{words.signers.quorum(needed, can)}</span>
      <span className={cx(css.quorumState, met ? css.met : css.short)}>
        <Icon name={met ? 'check' : 'cross'} />
        {met ? words.signers.met : words.signers.short}
      </span>
    </div>
  );
}

export function SignersPage() {
  const { draft, repository, change, shown } = useChangeDraft();
  const before = draft.root.members.map(member => member.name);
  const after = rootAfter(draft);
  const everyone = [...new Set([...before, ...after])];
  const can = (names: readonly string[]) => names.filter(name => !draft.absent.has(name)).length;
  const partOf = (name: string): string => {
    if (!before.includes(name)) return words.signers.next;
    if (!after.includes(name)) return words.signers.old;
    const replaced = draft.root.members.some(
      member => member.name === name && member.fate === 'replaced' && after.includes(name),
    );
    return replaced && touchesHolders(draft) ? words.signers.oldReplaced : words.signers.both;
  };
  return (
    <div className={plan.fields}>
      <Group label={words.signers.label}>
        <div className={plan.signers}>
          {everyone.map((name, index) => (
            <Check
              key={name}
              label={name}
              text={partOf(name)}
              autoFocus={index === 0}
              checked={!draft.absent.has(name)}
              onChange={available => {
                const absent = new Set(draft.absent);
                if (available) absent.delete(name);
                else absent.add(name);
                change({ absent });
              }}
            />
          ))}
        </div>
      </Group>
      <section className={plan.block} aria-live="polite">
        <SubHeading>{words.signers.quorumHeading}</SubHeading>
        <div className={css.quorums}>
          <Quorum title={words.signers.quorumOld} needed={repository.threshold} can={can(before)} />
          <Quorum title={words.signers.quorumNew} needed={draft.threshold} can={can(after)} />
        </div>
      </section>
      {repository.dialect === 'notary-v1' && (
        <TextField
          label={words.signers.legacy}
          hint={words.signers.legacyHint}
          width="tiny"
          maxLength={2}
          value={draft.legacy}
          error={shown('signers', 'legacy')}
          onChange={legacy => change({ legacy: legacy.trim() })}
        />
      )}
    </div>
  );
}
