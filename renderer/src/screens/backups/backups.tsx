import { useEffect } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { Centre, Foot, Frame, Left } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { altKey, escapeKey } from '../../components/shortcuts.ts';
import { SideNavGroup, SideNavItem } from '../../components/side-nav.tsx';
import { t } from '../../messages/index.ts';
import { type BackupsPage, leaveBackups, useBackups } from '../../stores/backups.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';
import { DrillHistory } from './drill-history.tsx';
import { KeyPage } from './key-page.tsx';
import { Overview } from './overview.tsx';
import { StateSign } from './state-sign.tsx';
import { UnderWay } from './under-way.tsx';

const words = t.backups;

/** @returns which key is looked at */
const fingerprintOf = (page: BackupsPage): string | undefined =>
  page.kind === 'key' ? page.fingerprint : undefined;

/** Whose backups there are: the keys by repository, each with how it stands. */
function KeyNav({ view, page }: { readonly view: BackupsView; readonly page: BackupsPage }) {
  const present = fingerprintOf(page);
  const goTo = useBackups(state => state.goTo);
  const repositories = [...new Set(view.keys.map(key => key.repository))];
  return (
    <Left label={words.navLabel}>
      <SideNavGroup>
        <SideNavItem
          current="page"
          here={page.kind === 'overview'}
          name={words.overview}
          onPress={() => goTo({ kind: 'overview' })}
        />
      </SideNavGroup>
      {repositories.map(repository => (
        <SideNavGroup key={repository} title={repository} isName>
          {view.keys
            .filter(key => key.repository === repository)
            .map(({ fingerprint: { hex }, holder, role, state }) => (
              <SideNavItem
                key={hex}
                current="page"
                here={present === hex}
                name={holder}
                more={words.role(role)}
                state={<StateSign state={state} />}
                onPress={() => goTo({ kind: 'key', fingerprint: hex })}
              />
            ))}
        </SideNavGroup>
      ))}
      <SideNavGroup>
        <SideNavItem
          current="page"
          here={page.kind === 'drills'}
          name={words.drills}
          state={
            view.due.some(item => item.about.kind === 'drill') && (
              <span className={css.navDue}>
                <Icon name="warning" size={15} />
                {t.home.due.warning}
              </span>
            )
          }
          onPress={() => goTo({ kind: 'drills' })}
        />
      </SideNavGroup>
    </Left>
  );
}

/** What there is against loss: every key with its backups, what is due, and the drills. */
export function BackupsScreen() {
  const { view, error, page, rehearsal, ceremonyId, load } = useBackups();
  const go = useNavigation(state => state.go);
  useEffect(() => {
    void load();
  }, [load]);

  const fingerprint = fingerprintOf(page);
  const key = view?.keys.find(candidate => candidate.fingerprint.hex === fingerprint);
  const leave = (
    <Action kind="quiet" shortcut={escapeKey} onPress={leaveBackups}>
      {ceremonyId === null ? t.common.backHome : words.back}
    </Action>
  );
  if (!view) {
    return (
      <Frame crumbs={[words.title]} rehearsal={rehearsal}>
        <Centre>
          <Heading focusKey="backups-loading">{words.title}</Heading>
          {error ? <ErrorPanel error={error} /> : <Notice tone="plain" title={words.loading} />}
        </Centre>
        <Foot start={leave}>{null}</Foot>
      </Frame>
    );
  }
  return (
    <Frame crumbs={[...(key ? [key.repository] : []), words.title]} rehearsal={rehearsal}>
      <KeyNav view={view} page={page} />
      {key ? (
        <KeyPage key={key.fingerprint.hex} view={view} entry={key} error={error} start={leave} />
      ) : page.kind === 'drills' ? (
        <DrillHistory view={view} error={error} start={leave} />
      ) : (
        <>
          <Centre wide>
            <Heading
              focusKey="backups"
              lead={words.lead(
                view.keys.filter(candidate => candidate.state === 'proven').length,
                view.keys.filter(candidate => candidate.state !== 'stays-on-token').length,
              )}
            >
              {words.title}
            </Heading>
            {error && <ErrorPanel error={error} />}
            <UnderWay view={view} />
            <Overview view={view} />
          </Centre>
          <Foot start={leave}>
            <Action shortcut={altKey('r')} onPress={() => go({ name: 'recover', purpose: 'restore' })}>
              {words.actions.restore}
            </Action>
            <Action shortcut={altKey('d')} onPress={() => go({ name: 'drill' })}>
              {words.actions.drill}
            </Action>
            <Action
              shortcut={altKey('b')}
              onPress={() =>
                go({
                  name: 'bundle',
                  fingerprints: view.keys
                    .filter(candidate => candidate.inFile)
                    .map(candidate => candidate.fingerprint.hex),
                })
              }
            >
              {words.actions.bundleAll}
            </Action>
          </Foot>
        </>
      )}
    </Frame>
  );
}
