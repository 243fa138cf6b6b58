import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { CeremonyView, PlanPreview } from '../../../../shared/contract/views.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { Centre, Foot, Frame, Left } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { altKey, escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { useCeremony } from '../../stores/ceremony.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { planOf } from '../../stores/plan-draft.ts';
import { type PlannerPage, pagesFor, usePlanner } from '../../stores/planner.ts';
import { ConfirmRevision } from '../change/confirm-revision.tsx';
import {
  HoldersPage,
  NetworkPage,
  PeoplePage,
  RepositoryPage,
  TargetsPage,
  ThresholdPage,
  ValidityPage,
} from './pages.tsx';
import css from './planner.module.css';
import { ReviewPage } from './review.tsx';
import { SoFar } from './so-far.tsx';
import { useDraft } from './use-draft.ts';

const words = t.planner;
const pageBodies: Readonly<Record<Exclude<PlannerPage, 'review'>, () => React.ReactNode>> = {
  repository: RepositoryPage,
  holders: HoldersPage,
  threshold: ThresholdPage,
  targets: TargetsPage,
  validity: ValidityPage,
  people: PeoplePage,
  network: NetworkPage,
};

function PlannerNav({ page }: { readonly page: PlannerPage }) {
  const { problems } = useDraft();
  const { goTo, visited, rehearsal, revising } = usePlanner();
  return (
    <Left label={words.stepsLabel}>
      <h2 className={css.navTitle}>
        {revising ? t.change.revising : rehearsal ? words.rehearsalTitle : words.title}
      </h2>
      <ol>
        {pagesFor(rehearsal, revising !== null).map((name, index) => {
          const wrong = Object.keys(problems[name]).length > 0;
          const state =
            name !== 'review' && visited.has(name) ? (wrong ? words.incomplete : words.complete) : '';
          return (
            <li key={name}>
              <button
                type="button"
                className={cx(css.navItem, name === page && css.navHere, state !== '' && css.navSeen)}
                aria-current={name === page ? 'step' : undefined}
                onClick={() => goTo(name)}
              >
                <span className={css.navNumber}>{index + 1}</span>
                <span>{words.pages[name].nav}</span>
                {state !== '' && name !== page && (
                  <span className={cx(css.navState, wrong && css.navWrong)}>{state}</span>
                )}
              </button>
            </li>
          );
        })}
      </ol>
    </Left>
  );
}

/** Plans a first root: one idea a page, nothing lost on the way back and forth. */
export function PlannerScreen() {
  const { page, goTo, startOver, rehearsal, revising } = usePlanner();
  const pages = pagesFor(rehearsal, revising !== null);
  const { draft, problems } = useDraft();
  const { go, home } = useNavigation();
  const [preview, setPreview] = useState<PlanPreview | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [confirming, setConfirming] = useState(false);

  const complete = pages.every(name => Object.keys(problems[name]).length === 0);
  const onReview = page === 'review';
  useEffect(() => {
    const plan = planOf(draft);
    if (!onReview || !complete || !plan) return;
    let current = true;
    setBusy(words.review.checking);
    setError(null);
    void ask('previewPlan', { plan, rehearsal }).then(outcome => {
      if (!current) return;
      setBusy(null);
      if (outcome.ok) setPreview(outcome.value);
      else setError(outcome.error);
    });
    return () => {
      current = false;
    };
  }, [onReview, complete, draft, rehearsal]);

  const blocked =
    !complete || !preview || error !== null || preview.warnings.some(warning => warning.blocking);
  const open = async () => {
    const plan = planOf(draft);
    if (!plan || busy !== null) return;
    if (revising) return setConfirming(true);
    setBusy(words.review.opening);
    setError(null);
    const outcome = await ask('openCeremony', { plan, rehearsal });
    setBusy(null);
    if (!outcome.ok) return setError(outcome.error);
    adopt(outcome.value);
  };
  const adopt = (view: CeremonyView) => {
    useCeremony.getState().adopt(view);
    startOver();
    go({ name: 'ceremony', ceremonyId: view.id });
  };
  const revise = async () => {
    const plan = planOf(draft);
    if (!plan || !revising) return null;
    const outcome = await ask('reviseCeremony', { ceremonyId: revising.ceremonyId, plan });
    if (!outcome.ok) return outcome.error;
    adopt(outcome.value);
    return null;
  };
  const leave = () => {
    if (!revising) return home();
    startOver();
    go({ name: 'ceremony', ceremonyId: revising.ceremonyId });
  };

  const index = pages.indexOf(page);
  const next = () => {
    const first = Object.keys(problems[page]).length > 0;
    if (first) {
      goTo(page);
      requestAnimationFrame(() =>
        // The field that is wrong; a question without an answer marks none, so there its first choice.
        (
          document.querySelector<HTMLElement>('main [aria-invalid="true"]') ??
          document.querySelector<HTMLElement>('main input')
        )?.focus(),
      );
    } else goTo(pages[index + 1] ?? 'review');
  };
  const previous = pages[index - 1];
  const Body = page === 'review' ? null : pageBodies[page];
  const { title, lead } = words.pages[page];
  return (
    <Frame
      crumbs={[draft.repository, rehearsal ? words.rehearsalTitle : words.title].filter(Boolean)}
      rehearsal={rehearsal}
    >
      <PlannerNav page={page} />
      <Centre>
        <Heading focusKey={page} lead={onReview ? (complete ? preview?.sentence : '') : lead}>
          {title}
        </Heading>
        {Body ? (
          <Body />
        ) : (
          <ReviewPage problems={problems} complete={complete} preview={preview} error={error} busy={busy} />
        )}
      </Centre>
      <SoFar />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={leave}>
            {revising ? t.change.leaveRevision : words.leave}
          </Action>
        }
      >
        {onReview && blocked && preview && complete && (
          <span className={css.blockedReason}>{words.review.blocked}</span>
        )}
        {previous && (
          <Action shortcut={altKey('b')} onPress={() => goTo(previous)}>
            {words.previous}
          </Action>
        )}
        {onReview ? (
          <Action
            kind="primary"
            shortcut={primaryKey}
            blocked={blocked}
            busy={busy !== null}
            onPress={() => void open()}
          >
            {revising ? t.change.review.revise : words.review.open}
          </Action>
        ) : (
          <Action kind="primary" shortcut={primaryKey} onPress={next}>
            {words.next}
          </Action>
        )}
      </Foot>
      {confirming && revising && (
        <ConfirmRevision
          signatures={revising.signatures}
          onClose={() => setConfirming(false)}
          onConfirm={revise}
        />
      )}
    </Frame>
  );
}
