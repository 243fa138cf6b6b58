import { useState } from 'react';
import type { ManagedToken, TokenView } from '../../../../shared/contract/tokens.ts';
import { Action } from '../../components/action.tsx';
import { Heading, SubHeading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import {
  ChangePinDialog,
  ManagementKeyDialog,
  SetTriesDialog,
  SetUpDialog,
  UnblockDialog,
} from '../../components/tokens/secret-dialogs.tsx';
import { defaultNames, otherAdvice, tokenName } from '../../components/tokens/token-names.ts';
import { TokenProblem } from '../../components/tokens/token-problem.tsx';
import { t } from '../../messages/index.ts';
import { DestroyFileDialog } from './destroy-file-dialog.tsx';
import {
  CertificateDialog,
  DeleteDialog,
  GenerateDialog,
  ImportDialog,
  ProofDialog,
  type TakenSlot,
} from './key-dialogs.tsx';
import { TokenPicture } from './token-picture.tsx';
import css from './tokens.module.css';

const words = t.tokens.panel;
const actions = t.tokens.actions;

/** The dialog that is open, and the key it is about. */
type Open =
  | { readonly dialog: 'set-up' | 'pin' | 'puk' | 'unblock' | 'tries' | 'management' | 'generate' | 'import' }
  | { readonly dialog: 'delete' | 'destroy-file' | 'certificate' | 'proof'; readonly slot: TakenSlot };

function Dialogs({
  token,
  open,
  onAuthorities,
  onDone,
  onClose,
}: {
  readonly token: TokenView;
  readonly open: Open;
  readonly onAuthorities: () => void;
  readonly onDone: (done: ManagedToken) => void;
  readonly onClose: () => void;
}) {
  const props = { token, onDone, onClose };
  switch (open.dialog) {
    case 'set-up':
      return <SetUpDialog token={token} onClose={onClose} />;
    case 'pin':
    case 'puk':
      return <ChangePinDialog {...props} name={open.dialog} />;
    case 'unblock':
      return <UnblockDialog {...props} />;
    case 'tries':
      return <SetTriesDialog {...props} />;
    case 'management':
      return <ManagementKeyDialog {...props} />;
    case 'generate':
      return <GenerateDialog {...props} />;
    case 'import':
      return <ImportDialog {...props} />;
    case 'delete':
      return <DeleteDialog {...props} slot={open.slot} />;
    case 'destroy-file':
      return <DestroyFileDialog {...props} slot={open.slot} />;
    case 'certificate':
      return <CertificateDialog {...props} slot={open.slot} />;
    case 'proof':
      return <ProofDialog token={token} slot={open.slot} onAuthorities={onAuthorities} onClose={onClose} />;
  }
}

/** One token: its picture, what is to be known, and what can be done to it. */
export function TokenDetail({
  token,
  onAuthorities,
}: {
  readonly token: TokenView;
  readonly onAuthorities: () => void;
}) {
  const [open, setOpen] = useState<Open | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const can = (ability: TokenView['abilities'][number]) => token.abilities.includes(ability);
  const show = (next: Open) => {
    setTold(null);
    setOpen(next);
  };
  const defaults = defaultNames(token);
  const advice = otherAdvice(token);
  const pinBlocked = token.secrets.some(secret => secret.name === 'pin' && secret.triesLeft === 0);
  const free = token.slots.some(slot => !slot.key);
  return (
    <>
      <Heading
        focusKey={token.id}
        lead={tokenName(token) === token.product ? undefined : t.tokens.kind[token.custody]}
      >
        {token.product}
      </Heading>
      {token.problem && <TokenProblem problem={token.problem} />}
      <div role="status">{told && <Notice tone="good" title={told} />}</div>
      {defaults !== '' && (
        <Notice tone="warning" title={t.tokens.setUp.noticeTitle}>
          <p>{t.tokens.setUp.notice(defaults)}</p>
          <div>
            <Action small kind="primary" shortcut={primaryKey} onPress={() => show({ dialog: 'set-up' })}>
              {actions.setUp}
            </Action>
          </div>
        </Notice>
      )}
      {pinBlocked && (
        <Notice tone="stop" title={t.tokens.step.blockedTitle}>
          <p>{t.tokens.step.blocked[can('unblock-pin') ? 'byPuk' : 'forGood']}</p>
          {can('unblock-pin') && (
            <div>
              <Action small kind="primary" onPress={() => show({ dialog: 'unblock' })}>
                {actions.unblock}
              </Action>
            </div>
          )}
        </Notice>
      )}
      <div className={css.detail}>
        <TokenPicture
          token={token}
          named={false}
          keyActions={slot => (
            <>
              {can('attest') && slot.key.fingerprint && (
                <Action
                  small
                  label={actions.proofOf(slot.name)}
                  onPress={() => show({ dialog: 'proof', slot })}
                >
                  {actions.proof}
                </Action>
              )}
              {can('write-certificate') && !slot.key.hasCertificate && slot.key.keytype && (
                <Action
                  small
                  label={actions.certificateOf(slot.name)}
                  onPress={() => show({ dialog: 'certificate', slot })}
                >
                  {actions.certificate}
                </Action>
              )}
              {slot.key.owners.some(owner => owner.file) && (
                <Action
                  small
                  label={actions.destroyFileOf(slot.name)}
                  onPress={() => show({ dialog: 'destroy-file', slot })}
                >
                  {actions.destroyFile}
                </Action>
              )}
              {can('delete-key') && slot.key.fingerprint && (
                <Action
                  small
                  kind="stop"
                  label={actions.deleteOf(slot.name)}
                  onPress={() => show({ dialog: 'delete', slot })}
                >
                  {actions.delete}
                </Action>
              )}
            </>
          )}
        />
      </div>
      {free && (can('generate') || can('import-key')) && (
        <div className={css.actions}>
          {can('generate') && (
            <Action small shortcut={altKey('k')} onPress={() => show({ dialog: 'generate' })}>
              {actions.generate}
            </Action>
          )}
          {can('import-key') && (
            <Action small onPress={() => show({ dialog: 'import' })}>
              {actions.importKey}
            </Action>
          )}
        </div>
      )}
      {(can('change-pin') || can('change-puk')) && (
        <>
          <SubHeading>
            {can('change-management-key')
              ? words.secretsHeading
              : can('change-puk')
                ? words.secretsHeadingLedger
                : words.secretsHeadingPin}
          </SubHeading>
          <div className={css.actions}>
            {can('change-pin') && (
              <Action small shortcut={altKey('p')} onPress={() => show({ dialog: 'pin' })}>
                {actions.changePin}
              </Action>
            )}
            {can('change-puk') && (
              <Action small onPress={() => show({ dialog: 'puk' })}>
                {token.custody === 'ledger' ? actions.changeAdminPin : actions.changePuk}
              </Action>
            )}
            {can('unblock-pin') && !pinBlocked && (
              <Action small onPress={() => show({ dialog: 'unblock' })}>
                {actions.unblock}
              </Action>
            )}
            {can('change-management-key') && (
              <Action small onPress={() => show({ dialog: 'management' })}>
                {actions.managementKey}
              </Action>
            )}
            {can('set-tries') && (
              <Action small onPress={() => show({ dialog: 'tries' })}>
                {actions.setTries}
              </Action>
            )}
          </div>
        </>
      )}
      {advice.length > 0 && (
        <>
          <SubHeading>{words.adviceHeading}</SubHeading>
          <ul className={css.advice}>
            {advice.map(({ message, severity }) => (
              <li key={message} className={severity === 'warning' ? css.warning : undefined}>
                <Icon name={severity === 'warning' ? 'warning' : 'info'} />
                <span>{message}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {open && (
        <Dialogs
          token={token}
          open={open}
          onAuthorities={onAuthorities}
          onDone={done => {
            setOpen(null);
            setTold(done.message);
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
