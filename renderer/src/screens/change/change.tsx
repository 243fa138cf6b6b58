import { useMemo, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { t } from '../../messages/index.ts';
import { useCeremony } from '../../stores/ceremony.ts';
import { useChange } from '../../stores/change.ts';
import { type ChangePage, pageOfWarning, pagesOf, rotationOf } from '../../stores/change-draft.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { ConfirmRevision } from './confirm-revision.tsx';
import { Outlook } from './outlook.tsx';
import {
  HoldersPage,
  NetworkPage,
  OnlinePage,
  PeoplePage,
  SignersPage,
  TargetsPage,
  ThresholdPage,
  ValidityPage,
  WhatPage,
} from './pages.tsx';
import { PlanReview, Told } from './plan-preview.tsx';
import { PlanShell } from './plan-shell.tsx';
import { useChangeDraft } from './use-change-draft.ts';
import { usePreview } from './use-preview.ts';

const words = t.change;
const bodies: Readonly<Record<Exclude<ChangePage, 'review'>, () => React.ReactNode>> = {
  what: WhatPage,
  holders: HoldersPage,
  threshold: ThresholdPage,
  targets: TargetsPage,
  online: OnlinePage,
  validity: ValidityPage,
  signers: SignersPage,
  people: PeoplePage,
  network: NetworkPage,
};
/** Said once, at the end: what is true of every change, or was chosen knowingly. */
const onlyInReview: ReadonlySet<string> = new Set(['old-clients', 'network-policy']);

/** Plans a change of a root that is there, or changes the plan of an open ceremony. */
function ChangePlan() {
  const { draft, repository, rehearsal, revising, problems } = useChangeDraft();
  const { page: chosen, visited, goTo, end } = useChange();
  const { go, home } = useNavigation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [confirming, setConfirming] = useState(false);

  const names = pagesOf(draft, rehearsal);
  const page = names.includes(chosen) ? chosen : 'what';
  const complete = names.every(name => Object.keys(problems[name]).length === 0);
  const request = useMemo(() => {
    const plan = complete ? rotationOf(draft, repository) : null;
    return (
      plan && {
        plan,
        rehearsal,
        ...(draft.currentTargets ? { currentTargets: draft.currentTargets } : {}),
      }
    );
  }, [complete, draft, repository, rehearsal]);
  const outlook = usePreview(request);
  const { preview } = outlook;
  const warningsOn = (name: ChangePage) =>
    preview?.warnings.filter(warning => pageOfWarning(warning.code, warning.message, names) === name) ?? [];

  const adopt = (outcome: Awaited<ReturnType<typeof open>>) => {
    if (!outcome.ok) return outcome.error;
    useCeremony.getState().adopt(outcome.value);
    end();
    go({ name: 'ceremony', ceremonyId: outcome.value.id });
    return null;
  };
  const open = async () => {
    if (!request) throw new Error('the plan is not complete');
    const { rehearsal: isRehearsal, ...rest } = request;
    return revising
      ? ask('reviseCeremony', { ceremonyId: revising.ceremonyId, ...rest })
      : ask('openCeremony', { rehearsal: isRehearsal, ...rest });
  };
  const begin = async () => {
    if (revising) return setConfirming(true);
    setBusy(true);
    setError(null);
    setError(adopt(await open()));
    setBusy(false);
  };

  const blocked =
    !complete ||
    !preview ||
    outlook.checking ||
    outlook.error !== null ||
    preview.warnings.some(warning => warning.blocking);
  const Body = page === 'review' ? null : bodies[page];
  return (
    <>
      <PlanShell
        crumbs={[repository.name, revising ? words.revising : words.titleTo(repository.version + 1)]}
        rehearsal={rehearsal}
        title={revising ? words.revising : words.titleTo(repository.version + 1)}
        pages={names.map(name => ({
          name,
          ...words.pages[name],
          wrong: Object.keys(problems[name]).length > 0 || warningsOn(name).some(warning => warning.blocking),
          holds: Object.keys(problems[name]).length > 0,
        }))}
        page={page}
        visited={visited}
        goTo={goTo}
        leave={
          revising
            ? {
                label: words.leaveRevision,
                onPress: () => go({ name: 'ceremony', ceremonyId: revising.ceremonyId }),
              }
            : { label: words.leave, onPress: home }
        }
        last={{
          label: revising ? words.review.revise : words.review.open,
          onPress: () => void begin(),
          blocked:
            blocked && !busy ? (outlook.checking ? words.review.checking : words.review.blocked) : undefined,
          busy,
        }}
        side={
          <Outlook
            {...outlook}
            here={page === 'review' ? preview?.warnings : warningsOn(page)}
            brief={page === 'review'}
          />
        }
      >
        {Body ? (
          <>
            <Body />
            <Told warnings={warningsOn(page).filter(warning => !onlyInReview.has(warning.code))} />
          </>
        ) : (
          <PlanReview
            preview={preview}
            error={error ?? outlook.error}
            complete={complete}
            busy={busy ? words.review.opening : outlook.checking ? words.review.checking : null}
            fixed={words.review.fixed}
          />
        )}
      </PlanShell>
      {confirming && revising && (
        <ConfirmRevision
          signatures={revising.signatures}
          onClose={() => setConfirming(false)}
          onConfirm={async () => adopt(await open())}
        />
      )}
    </>
  );
}

export function ChangeScreen() {
  const there = useChange(state => state.draft !== null && state.repository !== null);
  return there ? <ChangePlan /> : null;
}
