import type { ProofView, RestoredView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { Facts } from '../../components/facts.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { Notice } from '../../components/notice.tsx';
import { primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';

const words = t.recover;
const nameOf = (key: { readonly role: string; readonly holder: string }): string =>
  words.keys.nameOf(t.backups.role(key.role), key.holder);

interface Leading {
  readonly label: string;
  readonly onDone: () => void;
}

/** The backup did what it is for. */
export function ProvenPage({ proof, label, onDone }: Leading & { readonly proof: ProofView }) {
  return (
    <>
      <Centre wide>
        <Heading focusKey="proven" lead={words.proven.lead(proof.proven.length)}>
          {words.proven.heading}
        </Heading>
        <Facts
          rows={[
            { label: words.proven.backup, value: proof.backup.title },
            { label: words.proven.keys, value: proof.proven.map(nameOf).join('\n') },
            ...(proof.left.length > 0
              ? [{ label: words.proven.left, value: proof.left.map(nameOf).join('\n') }]
              : []),
            { label: words.proven.journal, value: words.proven.entry(proof.journal.entries) },
          ]}
        />
      </Centre>
      <Foot>
        <Action kind="primary" shortcut={primaryKey} onPress={onDone}>
          {label}
        </Action>
      </Foot>
    </>
  );
}

/** Keys are back in the vault. */
export function RestoredPage({ restored, label, onDone }: Leading & { readonly restored: RestoredView }) {
  return (
    <>
      <Centre wide>
        <Heading focusKey="restored" lead={words.restored.lead(restored.restored.length)}>
          {words.restored.heading(restored.restored.length)}
        </Heading>
        <Facts
          rows={[
            { label: words.restored.keys, value: restored.restored.map(nameOf).join('\n') },
            { label: words.proven.journal, value: words.proven.entry(restored.journal.entries) },
          ]}
        />
        {restored.notices.map(notice => (
          <Notice key={notice} tone="warning" title={words.restored.next}>
            <p>{notice}</p>
          </Notice>
        ))}
      </Centre>
      <Foot>
        <Action kind="primary" shortcut={primaryKey} onPress={onDone}>
          {label}
        </Action>
      </Foot>
    </>
  );
}
