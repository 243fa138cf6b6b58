import { useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import type { TokenSettings, TokensView } from '../../../../shared/contract/tokens.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { Heading } from '../../components/heading.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Icon } from '../../components/icons.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { DeviceRule } from '../../components/tokens/token-problem.tsx';
import { t } from '../../messages/index.ts';
import { useTokens } from '../../stores/tokens.ts';
import css from './tokens.module.css';

/** Keeps the settings as a whole. @returns whether they were taken */
function useSettings() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [saved, setSaved] = useState(false);
  const keep = async (settings: TokenSettings): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setError(null);
    setSaved(false);
    const outcome = await ask('configureTokens', { settings });
    setBusy(false);
    if (outcome.ok) {
      useTokens.getState().take(outcome.value);
      setSaved(true);
    } else setError(outcome.error);
    return outcome.ok;
  };
  return { busy, error, saved, keep };
}

function Told({ saved, text }: { readonly saved: boolean; readonly text: string }) {
  return (
    <div role="status">
      {saved && (
        <p className={css.saved}>
          <Icon name="check" /> {text}
        </p>
      )}
    </div>
  );
}

export function ModulesPage({ settings }: Pick<TokensView, 'settings'>) {
  const words = t.tokens.modules;
  const { busy, error, saved, keep } = useSettings();
  const [path, setPath] = useState('');
  const [problem, setProblem] = useState<string>();
  const add = async () => {
    const wanted = path.trim();
    if (!/^(\/|[A-Za-z]:\\)./.test(wanted)) return setProblem(words.addWrong);
    if (settings.modules.includes(wanted)) return setProblem(words.addTwice);
    setProblem(undefined);
    if (await keep({ ...settings, modules: [...settings.modules, wanted] })) setPath('');
  };
  return (
    <>
      <Heading focusKey="modules" lead={words.lead}>
        {words.heading}
      </Heading>
      {error && <ErrorPanel error={error} />}
      <div className={css.page}>
        {settings.modules.length === 0 ? (
          <p className={css.text}>{words.none}</p>
        ) : (
          <ul className={css.list}>
            {settings.modules.map(module => (
              <li key={module}>
                <code>{module}</code>
                <IconButton
                  icon="cross"
                  label={words.remove(module)}
                  onPress={() =>
                    void keep({ ...settings, modules: settings.modules.filter(other => other !== module) })
                  }
                />
              </li>
            ))}
          </ul>
        )}
        {settings.modules.length < 8 && (
          <div className={css.fields}>
            <TextField
              label={words.add}
              hint={words.addHint}
              mono
              width="full"
              autoFocus
              value={path}
              error={problem}
              onChange={setPath}
            />
            <div>
              <Action small busy={busy} onPress={() => void add()}>
                {words.addButton}
              </Action>
            </div>
          </div>
        )}
        <Progress text={busy ? words.busy : null} />
        <Told saved={saved} text={words.saved} />
      </div>
    </>
  );
}

export function AuthoritiesPage({ settings }: Pick<TokensView, 'settings'>) {
  const words = t.tokens.authorities;
  const { busy, error, saved, keep } = useSettings();
  const [file, setFile] = useState<FileInput | null>(null);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const take = (chosen: FileInput | undefined) => {
    if (!chosen) return;
    const isPem = new TextDecoder().decode(chosen.bytes).includes('-----BEGIN CERTIFICATE-----');
    setProblem(isPem ? undefined : words.wrong(chosen.name));
    setFile(isPem ? chosen : null);
    if (isPem && name === '') setName(chosen.name.replace(/\.[a-z]+$/i, ''));
  };
  const add = async () => {
    if (!file) return;
    if (name.trim() === '') return setProblem(words.nameNeeded);
    setProblem(undefined);
    const authority = { name: name.trim(), certificate: new TextDecoder().decode(file.bytes) };
    if (!(await keep({ ...settings, authorities: [...settings.authorities, authority] }))) return;
    setFile(null);
    setName('');
  };
  return (
    <>
      <Heading focusKey="authorities" lead={words.lead}>
        {words.heading}
      </Heading>
      {error && <ErrorPanel error={error} />}
      <div className={css.page}>
        {settings.authorities.length === 0 ? (
          <p className={css.text}>{words.none}</p>
        ) : (
          <ul className={css.list}>
            {settings.authorities.map((authority, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two may have one name
              <li key={`${index}${authority.name}`}>
                <span>{authority.name}</span>
                <IconButton
                  icon="cross"
                  label={words.remove(authority.name)}
                  onPress={() =>
                    void keep({
                      ...settings,
                      authorities: settings.authorities.filter(other => other !== authority),
                    })
                  }
                />
              </li>
            ))}
          </ul>
        )}
        {file ? (
          <div className={css.fields}>
            <TextField
              label={words.name}
              maxLength={255}
              autoFocus
              value={name}
              error={problem}
              onChange={setName}
            />
            <div>
              <Action small busy={busy} onPress={() => void add()}>
                {words.add}
              </Action>
            </div>
          </div>
        ) : (
          <FileDrop
            compact
            label={words.drop}
            dialogTitle={words.dialog}
            error={problem}
            onFiles={([chosen]) => take(chosen)}
          />
        )}
        <Told saved={saved} text={words.saved} />
      </div>
    </>
  );
}

export function RulePage() {
  const words = t.tokens.problem;
  return (
    <>
      <Heading focusKey="rule" lead={words.ruleLead}>
        {words.ruleHeading}
      </Heading>
      <div className={css.page}>
        <DeviceRule />
      </div>
    </>
  );
}
