import type { ReactNode } from 'react';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { Centre, Foot, Frame, Left } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { altKey, escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { SideNavGroup, SideNavItem } from '../../components/side-nav.tsx';
import { t } from '../../messages/index.ts';
import css from './plan.module.css';

const words = t.planner;

export interface ShellPage<Page extends string> {
  readonly name: Page;
  readonly nav: string;
  readonly title: string;
  readonly lead: ReactNode;
  /** Something on it is missing or wrong. */
  readonly wrong: boolean;
  /** It is wrong in a way that must be put right before the next page. */
  readonly holds: boolean;
}

export interface PlanShellProps<Page extends string> {
  readonly crumbs: readonly string[];
  readonly rehearsal: boolean;
  readonly title: string;
  readonly pages: readonly ShellPage<Page>[];
  readonly page: Page;
  readonly visited: ReadonlySet<Page>;
  readonly goTo: (page: Page) => void;
  readonly leave: { readonly label: string; readonly onPress: () => void };
  /** What the last page leads on to. */
  readonly last: {
    readonly label: string;
    readonly onPress: () => void;
    readonly blocked: string | undefined;
    readonly busy: boolean;
  };
  readonly side: ReactNode;
  readonly children: ReactNode;
}

/** The frame of a plan: its parts on the left, one of them in the centre, what it would do on the right. */
export function PlanShell<Page extends string>(props: PlanShellProps<Page>) {
  const { pages, page, visited, goTo, last } = props;
  const index = Math.max(
    pages.findIndex(candidate => candidate.name === page),
    0,
  );
  const here = pages[index];
  const previous = pages[index - 1];
  const following = pages[index + 1];
  const next = () => {
    if (!here || !following) return;
    goTo(here.holds ? here.name : following.name);
    if (here.holds)
      requestAnimationFrame(() =>
        // The field that is wrong; a question without an answer marks none, so there its first choice.
        (
          document.querySelector<HTMLElement>('main [aria-invalid="true"]') ??
          document.querySelector<HTMLElement>('main input')
        )?.focus(),
      );
  };
  return (
    <Frame crumbs={props.crumbs} rehearsal={props.rehearsal}>
      <Left label={words.stepsLabel}>
        <SideNavGroup title={props.title} ordered>
          {pages.map((candidate, number) => {
            const wasSeen = visited.has(candidate.name);
            const isHere = candidate === here;
            const isComplete = wasSeen && following !== undefined && number < pages.length - 1;
            return (
              <SideNavItem
                key={candidate.name}
                current="step"
                here={isHere}
                number={number + 1}
                name={candidate.nav}
                ahead={!wasSeen}
                state={
                  !isHere &&
                  (candidate.wrong ? wasSeen : isComplete) && (
                    <span className={cx(css.navState, candidate.wrong && css.navWrong)}>
                      {candidate.wrong ? words.incomplete : words.complete}
                    </span>
                  )
                }
                onPress={() => goTo(candidate.name)}
              />
            );
          })}
        </SideNavGroup>
      </Left>
      <Centre>
        <Heading focusKey={here?.name ?? ''} lead={here?.lead}>
          {here?.title}
        </Heading>
        {props.children}
      </Centre>
      {props.side}
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={props.leave.onPress}>
            {props.leave.label}
          </Action>
        }
      >
        {!following && last.blocked !== undefined && (
          <span className={css.blockedReason}>{last.blocked}</span>
        )}
        {previous && (
          <Action shortcut={altKey('b')} onPress={() => goTo(previous.name)}>
            {words.previous}
          </Action>
        )}
        {following ? (
          <Action kind="primary" shortcut={primaryKey} onPress={next}>
            {words.next}
          </Action>
        ) : (
          <Action
            kind="primary"
            shortcut={primaryKey}
            blocked={last.blocked !== undefined}
            busy={last.busy}
            onPress={last.onPress}
          >
            {last.label}
          </Action>
        )}
      </Foot>
    </Frame>
  );
}
