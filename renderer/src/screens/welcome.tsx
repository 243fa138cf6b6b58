import { useEffect } from 'react';
import { Action } from '../components/action.tsx';
import { Centre, Foot, Frame } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { altKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useApplication } from '../stores/application.ts';
import { workOnBackups } from '../stores/backups.ts';
import { useNavigation } from '../stores/navigation.ts';
import { usePlanner } from '../stores/planner.ts';
import { CeremonyLists } from './ceremony-lists.tsx';
import css from './welcome.module.css';

function OfflineActions() {
  const go = useNavigation(state => state.go);
  return (
    <>
      <Action kind="quiet" shortcut={altKey('v')} onPress={() => go({ name: 'verify' })}>
        {t.home.actions.verify}
      </Action>
      <Action kind="quiet" shortcut={altKey('i')} onPress={() => go({ name: 'inspect' })}>
        {t.home.actions.inspect}
      </Action>
    </>
  );
}

function FirstStart({ path }: { readonly path: string }) {
  const { busy, error, home, createVault, loadHome } = useApplication();
  // A rehearsal needs no vault: coming back from one, it stands here.
  useEffect(() => {
    void loadHome();
  }, [loadHome]);
  const go = useNavigation(state => state.go);
  const rehearse = () => {
    usePlanner.getState().begin({ rehearsal: true });
    go({ name: 'planner' });
  };
  const restore = () => {
    workOnBackups({ rehearsal: false });
    go({ name: 'recover', purpose: 'restore' });
  };
  const words = t.welcome;
  return (
    <>
      <Centre wide>
        <Heading focusKey="first-start" lead={words.lead}>
          {words.title}
        </Heading>
        <SubHeading>{words.vaultHeading}</SubHeading>
        <p className={css.text}>{words.vaultText}</p>
        <p className={css.path}>
          <code>{path}</code>
        </p>
        <div className={css.cards}>
          <section className={css.card}>
            <h3>{words.realTitle}</h3>
            <p>{words.realText}</p>
          </section>
          <section className={css.card}>
            <h3>{words.rehearseTitle}</h3>
            <p>{words.rehearseText}</p>
          </section>
          <section className={css.card}>
            <h3>{words.restoreTitle}</h3>
            <p>{words.restoreText}</p>
          </section>
        </div>
        {home && <CeremonyLists ceremonies={home.ceremonies} />}
        <Progress text={busy ? words.busyCreating : null} />
        {error && <ErrorPanel error={error} />}
      </Centre>
      <Foot start={<OfflineActions />}>
        <Action shortcut={altKey('b')} busy={busy} onPress={restore}>
          {words.restore}
        </Action>
        <Action shortcut={altKey('r')} busy={busy} onPress={rehearse}>
          {words.rehearse}
        </Action>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void createVault()}>
          {words.create}
        </Action>
      </Foot>
    </>
  );
}

function NotReady({ state, path }: { readonly state: 'in-use' | 'damaged'; readonly path: string }) {
  const { application, busy, load } = useApplication();
  const problem = application?.vault.problem;
  const inUse = state === 'in-use';
  const words = inUse ? t.welcome.inUse : t.welcome.damaged;
  return (
    <>
      <Centre wide>
        <Heading focusKey={state} lead={words.text}>
          {words.title}
        </Heading>
        <p className={css.path}>
          <code>{path}</code>
        </p>
        {problem && <ErrorPanel error={problem} />}
        <SubHeading>{t.welcome.safeTitle}</SubHeading>
        <ul className={css.safe}>
          {(inUse ? t.welcome.safeInUse : t.welcome.safeDamaged).map(line => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </Centre>
      <Foot start={<OfflineActions />}>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void load()}>
          {t.welcome.tryAgain}
        </Action>
      </Foot>
    </>
  );
}

/** Before there is a vault to work with: first start, or why the vault cannot be opened. */
export function WelcomeScreen() {
  const { application, error, load, busy } = useApplication();
  const vault = application?.vault;
  return (
    <Frame crumbs={[]} rehearsal={false}>
      {vault?.state === 'absent' && <FirstStart path={vault.path} />}
      {(vault?.state === 'in-use' || vault?.state === 'damaged') && (
        <NotReady state={vault.state} path={vault.path} />
      )}
      {!vault && (
        <>
          <Centre wide>
            {error ? <ErrorPanel error={error} /> : <Notice tone="plain" title={t.common.loading} />}
          </Centre>
          {error && (
            <Foot>
              <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void load()}>
                {t.welcome.tryAgain}
              </Action>
            </Foot>
          )}
        </>
      )}
    </Frame>
  );
}
