import { useState } from 'react';
import type { TokensView, TokenView } from '../../../../shared/contract/tokens.ts';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { Centre, Foot, Frame, Left, Right, SideRow, SideSection } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { escapeKey } from '../../components/shortcuts.ts';
import { SideNavGroup, SideNavItem } from '../../components/side-nav.tsx';
import { TokenDrawing } from '../../components/tokens/token-drawing.tsx';
import { defaultNames, holdersOn, otherAdvice, tokenName } from '../../components/tokens/token-names.ts';
import { TokenProblem } from '../../components/tokens/token-problem.tsx';
import { secretName, Tries } from '../../components/tokens/tries.tsx';
import { t } from '../../messages/index.ts';
import { type Screen, useNavigation } from '../../stores/navigation.ts';
import { useWatchedTokens } from '../../stores/tokens.ts';
import { AuthoritiesPage, ModulesPage, RulePage } from './settings.tsx';
import { TokenDetail } from './token-detail.tsx';
import { TokenPicture } from './token-picture.tsx';
import css from './tokens.module.css';

const words = t.tokens.panel;

type Setting = 'modules' | 'authorities' | 'rule';
type Place =
  | { readonly at: 'all' }
  | { readonly at: 'token'; readonly id: string; readonly name: string }
  | { readonly at: Setting };
const settingsPages: readonly { readonly at: Setting; readonly name: string }[] = [
  { at: 'modules', name: words.navModules },
  { at: 'authorities', name: words.navAuthorities },
  { at: 'rule', name: words.navRule },
];

/** What a line of the list says under a token's name: whose keys it holds, or what is wrong. */
function moreOf(token: TokenView): string {
  if (token.state === 'problem' || token.state === 'reading') return t.tokens.state[token.state];
  const holders = holdersOn(token).join(', ');
  return [token.serial, holders].filter(Boolean).join(' · ');
}

/** What is pressing about a token; the rest stands where one looks closer. */
function Warnings({ token }: { readonly token: TokenView }) {
  const defaults = defaultNames(token);
  const messages = [
    ...(defaults === '' ? [] : [t.tokens.setUp.notice(defaults)]),
    ...otherAdvice(token)
      .filter(({ severity }) => severity === 'warning')
      .map(({ message }) => message),
  ];
  if (messages.length === 0) return null;
  return (
    <ul className={css.advice}>
      {messages.map(message => (
        <li key={message} className={css.warning}>
          <Icon name="warning" />
          <span>{message}</span>
        </li>
      ))}
    </ul>
  );
}

function All({ view, onOpen }: { readonly view: TokensView; readonly onOpen: (token: TokenView) => void }) {
  const { tokens, unsupported } = view;
  return (
    <>
      <Heading focusKey="tokens" lead={words.lead(tokens.length)}>
        {words.heading}
      </Heading>
      {tokens.length === 0 && (
        <div className={css.empty}>
          <TokenDrawing custody="piv" off size={150} />
          <div>
            <p className={css.waiting}>{words.emptyWaiting}</p>
            <p className={css.text}>{words.emptyText}</p>
          </div>
        </div>
      )}
      <ul className={css.cards} aria-label={words.picture}>
        {tokens.map(token => (
          <li key={token.id} className={css.card}>
            <TokenPicture
              token={token}
              actions={
                token.state !== 'problem' && (
                  <Action small label={words.openLabel(tokenName(token))} onPress={() => onOpen(token)}>
                    {words.open}
                  </Action>
                )
              }
            />
            {token.problem && <TokenProblem problem={token.problem} />}
            <Warnings token={token} />
          </li>
        ))}
      </ul>
      {unsupported.map(({ custody, problem }) => (
        <Notice
          key={`${custody}${problem.message}`}
          tone="plain"
          title={words.unsupported(
            t.tokens.kind[custody],
            tokens.some(token => token.custody === custody),
          )}
        >
          <p>{problem.message}</p>
          <p>
            {problem.remedy} {words.unsupportedCalm}
          </p>
        </Notice>
      ))}
    </>
  );
}

/** The numbers of one token, where the evidence stands in a ceremony. */
function Side({
  token,
  tokens,
}: {
  readonly token: TokenView | undefined;
  readonly tokens: readonly TokenView[];
}) {
  const here = tokens.flatMap(one => holdersOn(one).map(holder => ({ holder, one })));
  return (
    <Right label={token ? words.side : words.sideHolders}>
      {!token && (
        <SideSection title={words.sideHolders}>
          {here.length === 0 && <p className={css.sideText}>{words.sideNobody}</p>}
          {here.map(({ holder, one }) => (
            <SideRow key={`${one.id}${holder}`} label={holder} value={one.serial ?? one.product} mono />
          ))}
        </SideSection>
      )}
      {token && (
        <>
          <SideSection title={words.side}>
            <SideRow label={words.sideKind} value={t.tokens.kind[token.custody]} />
            {token.serial && <SideRow label={words.sideSerial} value={token.serial} mono />}
            {token.firmware && <SideRow label={words.sideFirmware} value={token.firmware} mono />}
          </SideSection>
          {token.secrets.length > 0 && (
            <SideSection title={words.sideTries}>
              <ul className={css.sideTries}>
                {token.secrets.map(secret => (
                  <li key={secret.name}>
                    <span>{secretName(token, secret.name)}</span>
                    {secret.name === 'management-key' ? null : <Tries secret={secret} />}
                    <span className={cx(css.sideState, secret.isDefault && css.sideWarn)}>
                      {secret.isDefault === undefined
                        ? secret.name === 'management-key' && t.tokens.notTold
                        : secret.isDefault
                          ? t.tokens.isDefault
                          : t.tokens.isOwn}
                    </span>
                  </li>
                ))}
              </ul>
            </SideSection>
          )}
        </>
      )}
    </Right>
  );
}

/** The tokens at this desk: what they hold and for whom, and what is done to them outside of ceremonies. */
export function TokensScreen({ back }: { readonly back: Screen }) {
  const go = useNavigation(state => state.go);
  const { view, error } = useWatchedTokens();
  const [place, setPlace] = useState<Place>({ at: 'all' });
  const tokens = view?.tokens ?? [];
  const chosen = place.at === 'token' ? tokens.find(token => token.id === place.id) : undefined;
  const open = (token: TokenView) => setPlace({ at: 'token', id: token.id, name: tokenName(token) });
  return (
    <Frame crumbs={[t.tokens.title]} rehearsal={false}>
      <Left label={words.navLabel}>
        <SideNavGroup title={words.navPlugged}>
          <SideNavItem
            current="page"
            here={place.at === 'all'}
            name={words.navAll}
            onPress={() => setPlace({ at: 'all' })}
          />
          {tokens.map(token => (
            <SideNavItem
              key={token.id}
              current="page"
              here={chosen === token}
              name={token.product}
              more={moreOf(token)}
              state={
                token.state === 'problem' && (
                  <span className={css.navProblem}>
                    <Icon name="warning" size={14} />
                  </span>
                )
              }
              onPress={() => open(token)}
            />
          ))}
        </SideNavGroup>
        <SideNavGroup title={words.navSettings}>
          {settingsPages.map(({ at, name }) => (
            <SideNavItem
              key={at}
              current="page"
              here={place.at === at}
              name={name}
              onPress={() => setPlace({ at })}
            />
          ))}
        </SideNavGroup>
      </Left>
      <Centre>
        {error && <ErrorPanel error={error} />}
        {!view && !error && <Notice tone="plain" title={words.looking} />}
        {view && place.at === 'all' && <All view={view} onOpen={open} />}
        {view && place.at === 'modules' && <ModulesPage settings={view.settings} />}
        {view && place.at === 'authorities' && <AuthoritiesPage settings={view.settings} />}
        {view && place.at === 'rule' && <RulePage />}
        {view && place.at === 'token' && chosen && (
          <TokenDetail key={chosen.id} token={chosen} onAuthorities={() => setPlace({ at: 'authorities' })} />
        )}
        {view && place.at === 'token' && !chosen && (
          <>
            <Heading focusKey="gone">{place.name}</Heading>
            <Notice tone="plain" title={words.gone}>
              <p>{words.goneText}</p>
            </Notice>
          </>
        )}
      </Centre>
      <Side
        token={chosen ?? (tokens.length === 1 && place.at === 'all' ? tokens[0] : undefined)}
        tokens={tokens}
      />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={() => go(back)}>
            {t.common.back}
          </Action>
        }
      >
        {null}
      </Foot>
    </Frame>
  );
}
