import { Check, Choices, Group, TextField } from '../../components/fields.tsx';
import { t } from '../../messages/index.ts';
import { withHolders, withThreshold } from '../../stores/plan-draft.ts';
import { BackupsPolicy } from '../plan/backups-policy.tsx';
import { everyKeytype, HolderList, rootKeytypes } from '../plan/holder-list.tsx';
import css from '../plan/plan.module.css';
import { RootThreshold, ThresholdChoice } from '../plan/threshold.tsx';
import { BothValidities } from '../plan/validity.tsx';
import { useDraft } from './use-draft.ts';

const words = t.planner;

export function RepositoryPage() {
  const { draft, change, shown } = useDraft();
  return (
    <div className={css.fields}>
      <Choices
        label={words.dialect.label}
        value={draft.dialect}
        autoFocus
        choices={(['notary-v1', 'tuf-1.0'] as const).map(value => ({ value, ...words.dialect[value] }))}
        error={shown('repository', 'dialect')}
        onChange={dialect => {
          change({
            dialect,
            holders: draft.holders.map(holder =>
              dialect === 'notary-v1' && holder.keytype === 'ed25519'
                ? { ...holder, keytype: 'ecdsa-p256' }
                : holder,
            ),
          });
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
  const { draft, change, shown } = useDraft();
  return (
    <div className={css.fields}>
      <HolderList
        role={words.holder.root}
        holders={draft.holders}
        keytypes={rootKeytypes(draft.dialect)}
        addLabel={words.holder.addRoot}
        suggest={words.holder.suggested}
        error={field => shown('holders', field)}
        onChange={holders => change(withHolders(draft, holders))}
      />
      <p className={css.hint}>
        {words.holder.order} {words.holder.keytypeHint}
      </p>
    </div>
  );
}

export function ThresholdPage() {
  const { draft, change, shown } = useDraft();
  const { threshold } = draft;
  return (
    <div className={css.fields}>
      <RootThreshold
        threshold={threshold}
        count={draft.holders.length}
        reason={draft.thresholdReason}
        autoFocus
        error={field => shown('threshold', field)}
        onThreshold={value => change(withThreshold(draft, value))}
        onReason={thresholdReason => change({ thresholdReason })}
      />
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
        <ThresholdChoice
          label={words.targets.thresholdLabel}
          value={draft.targetsThreshold}
          count={count}
          error={shown('targets', 'threshold')}
          onChange={targetsThreshold => change({ targetsThreshold })}
        />
      )}
    </div>
  );
}

/** Whether the root may go live before its keys' backups have been proven. */
export function BackupsPage() {
  const { draft, change, shown } = useDraft();
  return (
    <BackupsPolicy
      draft={draft}
      hasTokens={draft.holders.some(({ custody }) => custody !== 'software')}
      error={field => shown('backups', field)}
      onChange={change}
    />
  );
}

export function ValidityPage() {
  const { draft, change, shown } = useDraft();
  return <BothValidities draft={draft} error={field => shown('validity', field)} onChange={change} />;
}
