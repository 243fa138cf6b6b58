import { useEffect, useRef, useState } from 'react';
import type { GeneratedKeyType } from '../../../../shared/ceremony/plan.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { TokenAction, TokenProof, TokenSlotView } from '../../../../shared/contract/tokens.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { Facts } from '../../components/facts.tsx';
import { SelectField, TextField } from '../../components/fields.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { useSaveFile } from '../../components/save-file.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { useChangeSecrets } from '../../components/tokens/change-secrets.tsx';
import { useTypedFingerprint } from '../../components/tokens/fingerprint-typed.tsx';
import { NewKeyFields, type NewKeyHandle } from '../../components/tokens/new-key-fields.tsx';
import { TaskDialog, type TokenDialogProps } from '../../components/tokens/task-dialog.tsx';
import { t } from '../../messages/index.ts';

/** A place that holds a key. */
export interface TakenSlot extends TokenSlotView {
  readonly key: NonNullable<TokenSlotView['key']>;
}

export function GenerateDialog({ token, onDone, onClose }: TokenDialogProps) {
  const words = t.tokens.newKey;
  const [keytype, setKeytype] = useState<GeneratedKeyType>(token.keytypes[0] ?? 'ecdsa-p256');
  const fields = useRef<NewKeyHandle>(null);
  return (
    <TaskDialog
      token={token}
      words={words}
      build={() => {
        const input = fields.current?.take();
        return input ? { action: 'generate', keytype, ...input } : null;
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <SelectField<GeneratedKeyType>
        label={words.keytype}
        value={keytype}
        options={token.keytypes.map(value => ({ value, label: t.common.keytype[value] }))}
        onChange={setKeytype}
      />
      <NewKeyFields ref={fields} token={token} />
    </TaskDialog>
  );
}

export function ImportDialog({ token, onDone, onClose }: TokenDialogProps) {
  const words = t.tokens.importing;
  const [fingerprint, setFingerprint] = useState('');
  const [errors, setErrors] = useState<{ fingerprint?: string; passphrase?: string }>({});
  const passphrase = useRef<PassphraseHandle>(null);
  const fields = useRef<NewKeyHandle>(null);
  const build = (): TokenAction | null => {
    setErrors({});
    const digits = fingerprint.replaceAll(/\s/g, '').toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digits)) {
      setErrors({ fingerprint: words.keyWrong });
      return null;
    }
    if (!passphrase.current || passphrase.current.empty) {
      setErrors({ passphrase: t.common.passphrase.needed });
      passphrase.current?.focus();
      return null;
    }
    const input = fields.current?.take();
    if (!input) return null;
    return {
      action: 'import-key',
      fingerprint: digits,
      passphrase: passphrase.current.take(),
      ...withoutPuk(input),
    };
  };
  return (
    <TaskDialog token={token} words={words} build={build} onDone={onDone} onClose={onClose}>
      <TextField
        label={words.key}
        hint={words.keyHint}
        mono
        width="full"
        maxLength={100}
        value={fingerprint}
        error={errors.fingerprint}
        onChange={setFingerprint}
      />
      <PassphraseField ref={passphrase} label={words.passphrase} error={errors.passphrase} />
      <NewKeyFields ref={fields} token={token} />
    </TaskDialog>
  );
}

/** No token that takes keys in asks for a PUK. */
function withoutPuk<Input extends { readonly puk?: Uint8Array | undefined }>({
  puk,
  ...input
}: Input): Omit<Input, 'puk'> {
  puk?.fill(0);
  return input;
}

interface KeyDialogProps extends TokenDialogProps {
  readonly slot: TakenSlot;
}

export function DeleteDialog({ token, slot, onDone, onClose }: KeyDialogProps) {
  const words = t.tokens.deleting;
  const { fields, take } = useChangeSecrets(token, false);
  const { fingerprint = '', owners } = slot.key;
  const typed = useTypedFingerprint(fingerprint, words.confirm);
  return (
    <TaskDialog
      danger
      token={token}
      words={words}
      build={() => {
        const confirmation = typed.take();
        if (confirmation === null) return null;
        const secrets = take();
        return secrets
          ? { action: 'delete-key', slot: slot.id, fingerprint, confirmation, ...secrets }
          : null;
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <Notice tone="warning">
        {owners.length === 0 && <p>{words.nobody}</p>}
        {owners.map(owner => (
          <p key={`${owner.holder}${owner.role}${owner.repository}`}>
            {words.owner(owner.holder, owner.role, owner.repository)}
          </p>
        ))}
        <p>{words.remains}</p>
      </Notice>
      {fields}
      {typed.field}
    </TaskDialog>
  );
}

export function CertificateDialog({ token, slot, onDone, onClose }: KeyDialogProps) {
  const words = t.tokens.certificate;
  const { fields, take } = useChangeSecrets(token, slot.key.pinPolicy !== 'never');
  return (
    <TaskDialog
      token={token}
      words={words}
      build={() => {
        const secrets = take();
        return secrets ? { action: 'write-certificate', slot: slot.id, ...secrets } : null;
      }}
      onDone={onDone}
      onClose={onClose}
    >
      {fields}
    </TaskDialog>
  );
}

/** What a token proves about one of its keys. */
export function ProofDialog({
  token,
  slot,
  onAuthorities,
  onClose,
}: Pick<KeyDialogProps, 'token' | 'slot' | 'onClose'> & { readonly onAuthorities: () => void }) {
  const words = t.tokens.proof;
  const [proof, setProof] = useState<TokenProof | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const { save, saving, status } = useSaveFile(words.saveTitle);
  const { id, serial } = token;
  useEffect(() => {
    let current = true;
    void ask('readTokenProof', { token: id, serial, slot: slot.id }).then(outcome => {
      if (!current) return;
      if (outcome.ok) setProof(outcome.value);
      else setError(outcome.error);
    });
    return () => {
      current = false;
    };
  }, [id, serial, slot.id]);
  const proven = proof?.attestation.verdict === 'proven';
  const chain = proof?.attestation.chain;
  return (
    <Dialog title={words.title} onClose={onClose}>
      {error && <ErrorPanel error={error} />}
      <Progress text={proof || error ? null : words.reading} />
      {proof && (
        <>
          <Notice tone={proven ? 'good' : 'warning'}>
            <p>{proof.sentence}</p>
            {!proven && (
              <div>
                <Action small onPress={onAuthorities}>
                  {words.authorities}
                </Action>
              </div>
            )}
          </Notice>
          <Facts
            dense
            rows={[
              { label: words.fingerprint, value: proof.fingerprint },
              ...(proof.attestation.verdict === 'proven'
                ? [{ label: words.trustedBy, value: proof.attestation.trustedBy }]
                : []),
              ...(proof.serial === undefined ? [] : [{ label: words.serial(proven), value: proof.serial }]),
              ...(proof.firmware === undefined
                ? []
                : [{ label: words.firmware(proven), value: proof.firmware }]),
              {
                label: words.policies,
                value: [
                  t.tokens.panel.pinPolicy[proof.pinPolicy],
                  t.tokens.panel.touchPolicy[proof.touchPolicy],
                ]
                  .filter(Boolean)
                  .join(', '),
              },
            ]}
          />
          {status}
        </>
      )}
      <DialogActions>
        <Action shortcut={escapeKey} onPress={onClose}>
          {t.common.close}
        </Action>
        {chain && (
          <Action
            kind="primary"
            shortcut={primaryKey}
            busy={saving}
            onPress={() => {
              const name = `attestation-${proof.fingerprint.slice(0, 12)}.pem`;
              void save({ name, bytes: new TextEncoder().encode(chain) });
            }}
          >
            {words.save}
          </Action>
        )}
      </DialogActions>
    </Dialog>
  );
}
