import { useEffect } from 'react';
import type { HomeView } from '../../../shared/contract/views.ts';
import { Action } from '../components/action.tsx';
import { dateInWords, distanceInWords, shortFingerprint } from '../components/format.ts';
import { Centre, Foot, Frame, Right, SideRow, SideSection } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { Icon } from '../components/icons.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { altKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useAdoption } from '../stores/adoption-draft.ts';
import { useApplication } from '../stores/application.ts';
import { openBackups } from '../stores/backups.ts';
import { machineNow } from '../stores/machine.ts';
import { useNavigation } from '../stores/navigation.ts';
import { usePlanner } from '../stores/planner.ts';
import { HomeCare } from './backups/home-care.tsx';
import { OpenCeremonies, PastCeremonies } from './ceremony-lists.tsx';
import css from './home.module.css';
import actions from './repository-actions.module.css';
import { RepositoryActions, Succession } from './repository-actions.tsx';

type Repository = HomeView['repositories'][number];

function Expiry({ label, iso }: { readonly label: string; readonly iso: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {dateInWords(iso)}{' '}
        <span className={css.distance}>{distanceInWords(iso, machineNow().getTime())}</span>
      </dd>
    </div>
  );
}

function RepositoryCard({
  repository,
  ceremonies,
}: {
  readonly repository: Repository;
  readonly ceremonies: HomeView['ceremonies'];
}) {
  const holders = repository.rootKeys.map(key => key.holder).join(', ');
  return (
    <li className={css.card}>
      <div className={css.cardHead}>
        <h3 className={css.name}>{repository.name}</h3>
        {repository.rehearsal && <RehearsalMark />}
      </div>
      <p className={css.line}>
        {t.common.dialect[repository.dialect]} · {t.home.version(repository.version)} ·{' '}
        {t.common.anyOf(repository.threshold, repository.rootKeys.length)}
      </p>
      <dl className={css.dates}>
        <Expiry label={t.home.rootExpires} iso={repository.rootExpires} />
        {repository.targetsExpires !== '' && (
          <Expiry label={t.home.targetsExpires} iso={repository.targetsExpires} />
        )}
        <div>
          <dt>{t.home.holders}</dt>
          <dd>{holders}</dd>
        </div>
      </dl>
      <ul className={css.due}>
        {repository.due.map(due => (
          <li key={due.message} className={css[due.severity]}>
            <Icon name={due.severity === 'notice' ? 'info' : 'warning'} />
            <span>
              <strong>{t.home.due[due.severity]}.</strong> {due.message}
            </span>
          </li>
        ))}
        {repository.due.length === 0 && (
          <li>
            <Icon name="check" />
            <span>{t.home.nothingDue}</span>
          </li>
        )}
      </ul>
      <Succession repository={repository} />
      <RepositoryActions repository={repository} ceremonies={ceremonies} />
    </li>
  );
}

function EmptyHome() {
  const words = t.home;
  return (
    <>
      <Heading focusKey="empty-home" lead={words.emptyLead}>
        {words.emptyTitle}
      </Heading>
      <ol className={css.way}>
        {words.way.map((part, index) => (
          <li key={part.title}>
            <span className={css.number} aria-hidden="true">
              {index + 1}
            </span>
            <div>
              <h2>{part.title}</h2>
              <p>{part.text}</p>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

function VaultSide() {
  const application = useApplication(state => state.application);
  if (!application) return null;
  const { vault } = application;
  return (
    <Right label={t.home.vault}>
      <SideSection title={t.home.vault}>
        <p className={css.path}>
          <code>{vault.path}</code>
        </p>
      </SideSection>
      {vault.journal && (
        <SideSection title={t.common.journal}>
          <SideRow
            label={t.common.journalEntry(vault.journal.entries)}
            value={shortFingerprint(vault.journal.head).slice(0, 9)}
            mono
          />
        </SideSection>
      )}
      <SideSection title={t.common.product}>
        <p className={css.side}>{t.home.versionLine(application.version)}</p>
        {application.runtime === 'stand-in' && <p className={css.side}>{t.home.runtimeStandIn}</p>}
      </SideSection>
    </Right>
  );
}

/** What there is, what is due, what is open; and the four ways on. */
export function HomeScreen() {
  const { application, home, error, loadHome } = useApplication();
  const go = useNavigation(state => state.go);
  const plan = (rehearsal: boolean) => {
    usePlanner.getState().begin({ rehearsal });
    go({ name: 'planner' });
  };
  const takeOver = () => {
    useAdoption.getState().begin(null);
    go({ name: 'adopt' });
  };
  useEffect(() => {
    void loadHome();
  }, [loadHome]);

  const open = home?.ceremonies.filter(ceremony => ceremony.state === 'open') ?? [];
  const empty = home !== null && home.repositories.length === 0 && home.ceremonies.length === 0;
  const notices = application?.vault.notices ?? [];
  const words = t.home;
  return (
    <Frame crumbs={[words.title]} rehearsal={false}>
      <Centre>
        {error && <ErrorPanel error={error} />}
        {notices.length > 0 && (
          <Notice tone="plain" title={t.welcome.notices}>
            {notices.map(notice => (
              <p key={notice}>{notice}</p>
            ))}
          </Notice>
        )}
        {empty ? (
          <EmptyHome />
        ) : (
          home && (
            <Heading focusKey="home" lead={words.counts(home.repositories.length, open.length)}>
              {words.heading}
            </Heading>
          )
        )}
        {home && <OpenCeremonies ceremonies={home.ceremonies} />}
        {home && <HomeCare care={home.care} />}
        {home && home.repositories.length > 0 && (
          <section aria-labelledby="repositories">
            <SubHeading id="repositories">{words.repositories}</SubHeading>
            <ul className={css.cards}>
              {home.repositories.map(repository => (
                <RepositoryCard
                  key={`${repository.dialect} ${repository.name} ${repository.rehearsal}`}
                  repository={repository}
                  ceremonies={home.ceremonies}
                />
              ))}
            </ul>
          </section>
        )}
        {home && <PastCeremonies ceremonies={home.ceremonies} />}
        {empty && <p className={css.hint}>{words.rehearseHint}</p>}
        {home && (
          <div className={actions.adopt}>
            <p>{words.repository.adoptHint}</p>
            <Action small shortcut={altKey('t')} onPress={takeOver}>
              {words.actions.adopt}
            </Action>
          </div>
        )}
      </Centre>
      <VaultSide />
      <Foot
        start={
          <>
            <Action kind="quiet" shortcut={altKey('v')} onPress={() => go({ name: 'verify' })}>
              {words.actions.verify}
            </Action>
            <Action kind="quiet" shortcut={altKey('i')} onPress={() => go({ name: 'inspect' })}>
              {words.actions.inspect}
            </Action>
            <Action kind="quiet" shortcut={altKey('s')} onPress={() => go({ name: 'sign-request' })}>
              {words.actions.signRequest}
            </Action>
            <Action kind="quiet" shortcut={altKey('b')} onPress={() => openBackups({ rehearsal: false })}>
              {t.backups.open}
            </Action>
          </>
        }
      >
        <Action shortcut={altKey('r')} onPress={() => plan(true)}>
          {words.actions.rehearse}
        </Action>
        <Action kind="primary" shortcut={primaryKey} onPress={() => plan(false)}>
          {words.actions.newRoot}
        </Action>
      </Foot>
    </Frame>
  );
}
