import { useState } from 'react';
import type { BackupView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { dateInWords, shortFingerprint, sizeInWords } from '../../components/format.ts';
import { Icon } from '../../components/icons.tsx';
import { t } from '../../messages/index.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';
import { LeavingDialog } from './leaving-dialog.tsx';
import { NoteDialog } from './note-dialog.tsx';
import { VoidDialog } from './void-dialog.tsx';

const words = t.backups;

/** @returns "any 2 of 3 shares", "2 of 3 groups" */
export function ruleOf(shares: NonNullable<BackupView['shares']>): string {
  const [only, ...more] = shares.groups;
  if (only && more.length === 0) {
    const count = only.custodians.length;
    return only.threshold === count ? words.ruleAll(count) : words.rule(only.threshold, count);
  }
  return words.groupsRule(shares.groupThreshold, shares.groups.length);
}

/** Who has which share, where it lies, and in which bag. */
function Shares({ shares }: { readonly shares: NonNullable<BackupView['shares']> }) {
  return shares.groups.map((group, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a group's place is its identity
    <div key={index}>
      {shares.groups.length > 1 && (
        <p className={css.groupLine}>
          {words.group(group.name ?? String(index + 1), group.threshold, group.custodians.length)}
        </p>
      )}
      <ul className={css.custodians}>
        {group.custodians.map(custodian => (
          <li key={custodian.number}>
            <span className={css.custodianName}>{custodian.name}</span>
            <span>
              {custodian.delivery === 'paper' ? words.onPaper : words.asFile},{' '}
              {custodian.place ?? words.noPlace}
            </span>
            <code>{custodian.bag ?? words.noBag}</code>
          </li>
        ))}
      </ul>
    </div>
  ));
}

function Bundle({ backup }: { readonly backup: BackupView }) {
  const { bundle, keys } = backup;
  if (!bundle) return null;
  const names = bundle.recipients.map(one => one.name).join(', ');
  const rows = [
    [words.bundle.keys, keys.map(key => `${key.holder} (${key.role})`).join(', ')],
    [
      words.bundle.opens,
      `${words.bundle[bundle.keyForm]}. ${
        bundle.opensWith === 'passphrase' ? words.bundle.passphrase : words.bundle.identity(names)
      }.`,
    ],
    [words.bundle.kept, [bundle.place ?? words.noPlace, bundle.bag].filter(Boolean).join(', ')],
    [words.bundle.hash, `${shortFingerprint(bundle.sha256)} · ${sizeInWords(bundle.size)}`],
    ...(bundle.readFrom ? [[words.bundle.readBack, words.bundle.readFrom[bundle.readFrom]] as const] : []),
  ] as const;
  return (
    <dl className={css.cardFacts}>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type Asking = 'note' | 'void' | 'leaving';

/** One backup of a key: what it is, who has it, and what can be done with it. */
export function BackupCard({
  backup,
  fingerprint,
}: {
  readonly backup: BackupView;
  readonly fingerprint: string;
}) {
  const go = useNavigation(state => state.go);
  const [asking, setAsking] = useState<Asking | null>(null);
  const provenAt = backup.keys.find(key => key.fingerprint === fingerprint)?.provenAt;
  const close = () => setAsking(null);
  const { shares, bundle, voided, title } = backup;
  return (
    <li className={cx(css.card, voided && css.cardVoid)}>
      <div className={css.cardHead}>
        <h3 className={css.cardTitle}>{shares ? words.set(shares.name) : bundle?.file}</h3>
        {voided ? (
          <span className={cx(css.state, css.none)}>
            <Icon name="cross" size={15} />
            {words.voidMark}
          </span>
        ) : (
          <span className={cx(css.state, provenAt === undefined ? css.unproven : css.proven)}>
            <Icon name={provenAt === undefined ? 'warning' : 'check'} size={15} />
            {provenAt === undefined ? words.neverProven : words.provenOn(dateInWords(provenAt))}
          </span>
        )}
      </div>
      <p className={css.cardLine}>
        {shares && `${ruleOf(shares)} · `}
        {words.made(dateInWords(backup.made))}
      </p>
      {backup.besideNetwork && <p className={css.cardLine}>{words.besideNetwork}</p>}
      {voided && <p className={css.cardLine}>{words.voided(dateInWords(voided.time), voided.reason)}</p>}
      {shares && <Shares shares={shares} />}
      <Bundle backup={backup} />
      {!voided && (
        <div className={css.cardActions}>
          <Action
            small
            label={
              provenAt === undefined ? words.actions.proveLabel(title) : words.actions.proveAgainLabel(title)
            }
            onPress={() => go({ name: 'recover', purpose: 'prove', backupId: backup.id })}
          >
            {provenAt === undefined ? words.actions.prove : words.actions.proveAgain}
          </Action>
          <Action small kind="quiet" label={words.actions.noteLabel(title)} onPress={() => setAsking('note')}>
            {words.actions.note}
          </Action>
          {shares && (
            <Action
              small
              kind="quiet"
              label={words.actions.againLabel(title)}
              onPress={() => setAsking('leaving')}
            >
              {words.actions.again}
            </Action>
          )}
          <Action small kind="stop" label={words.actions.voidLabel(title)} onPress={() => setAsking('void')}>
            {words.actions.void}
          </Action>
        </div>
      )}
      {asking === 'note' && <NoteDialog backup={backup} onClose={close} />}
      {asking === 'void' && <VoidDialog backup={backup} onClose={close} />}
      {asking === 'leaving' && shares && (
        <LeavingDialog backup={backup} shares={shares} fingerprint={fingerprint} onClose={close} />
      )}
    </li>
  );
}
