import { Choices, ReasonField } from '../../components/fields.tsx';
import { t } from '../../messages/index.ts';
import type { BackupsDraft } from '../../stores/plan-parts.ts';
import css from './plan.module.css';

const words = t.planner.backups;

export interface BackupsPolicyProps {
  readonly draft: BackupsDraft;
  /** A root key is on a token, so that a reason may be asked for. */
  readonly hasTokens: boolean;
  readonly error: (field: string) => string | undefined;
  readonly onChange: (part: Partial<BackupsDraft>) => void;
}

/** Whether the root may go live before the backups of its new keys have been proven. */
export function BackupsPolicy({ draft, hasTokens, error, onChange }: BackupsPolicyProps) {
  return (
    <div className={css.fields}>
      <Choices
        label={words.label}
        autoFocus
        value={draft.backups}
        choices={[
          { value: 'prove', ...words.prove, aside: t.planner.network.standard },
          { value: 'waive', ...words.waive },
        ]}
        onChange={backups => onChange({ backups })}
      />
      {draft.backups === 'waive' && (
        <ReasonField
          label={words.reasonLabel}
          hint={words.reasonHint}
          value={draft.backupsReason}
          error={error('reason')}
          onChange={backupsReason => onChange({ backupsReason })}
        />
      )}
      {draft.backups === 'prove' && hasTokens && (
        <ReasonField
          label={words.cardLossLabel}
          hint={words.cardLossHint}
          value={draft.cardLossReason}
          onChange={cardLossReason => onChange({ cardLossReason })}
        />
      )}
    </div>
  );
}
