import { type ReactNode, useMemo, useState } from 'react';
import type { Plan } from '../../../../shared/ceremony/plan.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { FileInput, RequestInput } from '../../../../shared/contract/requests.ts';
import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { ask } from '../../bridge.ts';
import { t } from '../../messages/index.ts';
import { useCeremony } from '../../stores/ceremony.ts';
import { useNavigation } from '../../stores/navigation.ts';
import type { Problems, Revising, RoomDraft } from '../../stores/plan-parts.ts';
import { ConfirmRevision } from './confirm-revision.tsx';
import { Outlook } from './outlook.tsx';
import { PlanReview, Told } from './plan-review.tsx';
import { PlanShell } from './plan-shell.tsx';
import { NetworkPage, PeoplePage } from './room-pages.tsx';
import { usePreview } from './use-preview.ts';

const words = t.planner;

/** The pages every plan ends with. */
export type LastPage = 'people' | 'network' | 'review';
export type Warning = PlanPreview['warnings'][number];

export interface PlanPage<Page> {
  readonly name: Page;
  /** In the list of pages. */
  readonly nav: string;
  readonly title: string;
  readonly lead: string;
  readonly body: ReactNode;
}

/** The files that go beside a plan. */
export type PlanFiles = Pick<RequestInput<'previewPlan'>, 'currentTargets' | 'roots'>;

export interface PlanFrameProps<Page extends string> {
  readonly title: string;
  readonly crumbs: readonly string[];
  readonly rehearsal: boolean;
  /** What a plan of this kind asks, before the pages every plan ends with. */
  readonly pages: readonly PlanPage<Exclude<Page, LastPage>>[];
  readonly page: Page | LastPage;
  readonly visited: ReadonlySet<Page | LastPage>;
  readonly goTo: (page: Page | LastPage) => void;
  readonly problems: Readonly<Record<Page | LastPage, Problems>>;
  readonly room: RoomDraft;
  readonly onRoom: (part: Partial<RoomDraft>) => void;
  /** The plan as it stands; null while something is missing. The same object until something in it changes. */
  readonly plan: RequestInput<'previewPlan'>['plan'] | null;
  readonly files?: PlanFiles | undefined;
  /** On which page a thing the custodian says can be put right; without it, all is said at the end. */
  readonly placeOf?: (warning: Warning) => Page | LastPage;
  readonly revising: Revising | null;
  /** The plan was opened, or the one it was to change stays: it is forgotten. */
  readonly end: () => void;
  /** What stands below the script at the end. */
  readonly fixed: string;
  /** What stands where the evidence will be; left out: what the plan would do. */
  readonly side?: ReactNode;
}

/** Said once, at the end: what is true of every change, or was chosen knowingly. */
const onlyInReview: ReadonlySet<string> = new Set(['old-clients', 'network-policy']);

/** @returns a file to go beside a plan, where there is one */
export const besidePlan = (currentTargets: FileInput | null): PlanFiles | undefined =>
  currentTargets ? { currentTargets } : undefined;

/**
 * Where a plan of any kind is made: its pages, what the custodian says about it meanwhile, its opening, and the
 * change of one that is open. Nothing is lost on the way back and forth.
 */
export function PlanFrame<Page extends string>(props: PlanFrameProps<Page>) {
  const { rehearsal, problems, room, plan, files, revising } = props;
  const { go, home } = useNavigation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [confirming, setConfirming] = useState(false);
  type AnyPage = Page | LastPage;

  const shown = (name: AnyPage, field: string): string | undefined =>
    props.visited.has(name) ? problems[name][field] : undefined;
  const pages: readonly PlanPage<AnyPage>[] = [
    ...props.pages,
    {
      name: 'people',
      ...words.pages.people,
      body: <PeoplePage room={room} error={field => shown('people', field)} onChange={props.onRoom} />,
    },
    // What happens in a rehearsal when a network appears is fixed.
    ...(rehearsal
      ? []
      : [
          {
            name: 'network' as const,
            ...words.pages.network,
            body: <NetworkPage value={room.network} onChange={network => props.onRoom({ network })} />,
          },
        ]),
    { name: 'review', ...words.pages.review, body: null },
  ];
  const names = pages.map(({ name }) => name);
  const here = pages.find(({ name }) => name === props.page) ?? pages[0];
  const page: AnyPage = here?.name ?? 'review';
  const onReview = page === 'review';
  const isWrong = (name: AnyPage): boolean => Object.keys(problems[name]).length > 0;
  const complete = !names.some(isWrong);

  const request = useMemo(
    () => (complete && plan ? { plan, rehearsal, ...files } : null),
    [complete, plan, rehearsal, files],
  );
  const outlook = usePreview(request);
  const { preview } = outlook;
  const placeOf = (warning: Warning): AnyPage => {
    const place = props.placeOf?.(warning) ?? 'review';
    return names.includes(place) ? place : 'review';
  };
  const warningsOn = (name: AnyPage): Warning[] =>
    preview?.warnings.filter(warning => placeOf(warning) === name) ?? [];

  /** @returns what it was refused for */
  const open = async (): Promise<ErrorReport | null> => {
    if (!request) return null;
    const outcome = revising
      ? await ask('reviseCeremony', { ceremonyId: revising.ceremonyId, plan: request.plan as Plan, ...files })
      : await ask('openCeremony', request);
    if (!outcome.ok) return outcome.error;
    useCeremony.getState().adopt(outcome.value);
    go({ name: 'ceremony', ceremonyId: outcome.value.id });
    props.end();
    return null;
  };
  const begin = async () => {
    if (busy) return;
    if (revising) return setConfirming(true);
    setBusy(true);
    setError(null);
    setError(await open());
    setBusy(false);
  };
  const leave = () => {
    if (!revising) return home();
    go({ name: 'ceremony', ceremonyId: revising.ceremonyId });
    props.end();
  };

  // While it is looked at, what is shown is the plan as it was before: nobody opens what they have not been shown.
  const blocked =
    !complete ||
    !preview ||
    outlook.checking ||
    outlook.error !== null ||
    preview.warnings.some(warning => warning.blocking);
  return (
    <>
      <PlanShell
        crumbs={props.crumbs}
        rehearsal={rehearsal}
        title={props.title}
        pages={pages.map(({ name, nav, title, lead }) => ({
          name,
          nav,
          title,
          lead,
          wrong: isWrong(name) || (name !== 'review' && warningsOn(name).some(warning => warning.blocking)),
          holds: isWrong(name),
        }))}
        page={page}
        visited={props.visited}
        goTo={props.goTo}
        leave={{ label: revising ? t.change.leaveRevision : words.leave, onPress: leave }}
        last={{
          label: revising ? t.change.review.revise : words.review.open,
          onPress: () => void begin(),
          blocked:
            blocked && !busy ? (outlook.checking ? words.review.checking : words.review.blocked) : undefined,
          busy,
        }}
        side={
          props.side ?? (
            <Outlook {...outlook} here={onReview ? preview?.warnings : warningsOn(page)} brief={onReview} />
          )
        }
      >
        {onReview ? (
          <PlanReview
            preview={preview}
            error={error ?? outlook.error}
            missing={pages
              .filter(({ name }) => isWrong(name))
              .map(({ name, nav }) => ({
                nav,
                text: [...new Set(Object.values(problems[name]))].join(' '),
                onGo: () => props.goTo(name),
              }))}
            busy={busy ? words.review.opening : outlook.checking ? words.review.checking : null}
            fixed={props.fixed}
          />
        ) : (
          <>
            {here?.body}
            <Told warnings={warningsOn(page).filter(warning => !onlyInReview.has(warning.code))} />
          </>
        )}
      </PlanShell>
      {confirming && revising && (
        <ConfirmRevision
          signatures={revising.signatures}
          onClose={() => setConfirming(false)}
          onConfirm={open}
        />
      )}
    </>
  );
}
