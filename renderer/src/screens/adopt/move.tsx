import { useMemo } from 'react';
import { Facts } from '../../components/facts.tsx';
import { Check, Group, TextField } from '../../components/fields.tsx';
import { t } from '../../messages/index.ts';
import {
  holdersOf,
  type MovePage,
  migrationOf,
  movePages,
  moveProblems,
  useMove,
} from '../../stores/move-draft.ts';
import { aboutBackups } from '../../stores/plan-parts.ts';
import { usePlanning } from '../../stores/plan-store.ts';
import { BackupsPolicy } from '../plan/backups-policy.tsx';
import { CurrentTargets } from '../plan/current-targets.tsx';
import plan from '../plan/plan.module.css';
import { besidePlan, PlanFrame, type Warning } from '../plan/plan-frame.tsx';
import { RootThreshold } from '../plan/threshold.tsx';
import { BothValidities } from '../plan/validity.tsx';

const words = t.adopt.move;

interface PageProps {
  readonly error: (field: string) => string | undefined;
}

function RepositoryPage({ error }: PageProps) {
  const { draft, subject: from, revising, change } = usePlanning(useMove);
  return (
    <div className={plan.fields}>
      <Facts
        rows={[
          { label: words.from, value: `${from.name}, ${t.home.version(from.version).toLowerCase()}` },
          { label: t.home.holders, value: holdersOf(from).join(', ') },
        ]}
      />
      {/* What a plan is for cannot be changed once its ceremony is open. */}
      {!revising && (
        <TextField
          label={words.name}
          hint={words.nameHint}
          mono
          width="full"
          autoFocus
          maxLength={255}
          value={draft.repository}
          error={error('name')}
          onChange={repository => change({ repository: repository.trim() })}
        />
      )}
      <CurrentTargets
        notary
        file={draft.currentTargets}
        onChange={currentTargets => change({ currentTargets })}
      />
    </div>
  );
}

function ThresholdPage({ error }: PageProps) {
  const { draft, subject: from, change } = usePlanning(useMove);
  const holders = holdersOf(from);
  return (
    <div className={plan.fields}>
      <RootThreshold
        threshold={draft.threshold}
        count={holders.length}
        reason={draft.thresholdReason}
        autoFocus
        error={error}
        onThreshold={threshold => change({ threshold })}
        onReason={thresholdReason => change({ thresholdReason })}
      />
      <Group label={words.signers} error={error('signers')}>
        <div className={plan.signers}>
          {holders.map(name => (
            <Check
              key={name}
              label={name}
              checked={!draft.absent.has(name)}
              onChange={available => {
                const absent = new Set(draft.absent);
                if (available) absent.delete(name);
                else absent.add(name);
                change({ absent });
              }}
            />
          ))}
        </div>
      </Group>
    </div>
  );
}

function ValidityPage({ error }: PageProps) {
  const { draft, change } = usePlanning(useMove);
  return <BothValidities draft={draft} error={error} onChange={change} />;
}

function BackupsPage({ error }: PageProps) {
  const { draft, subject: from, change } = usePlanning(useMove);
  const hasTokens = from.rootKeys.some(({ onToken }) => onToken);
  return <BackupsPolicy draft={draft} hasTokens={hasTokens} error={error} onChange={change} />;
}

const bodies = {
  repository: RepositoryPage,
  threshold: ThresholdPage,
  backups: BackupsPage,
  validity: ValidityPage,
} as const;
const pageWords = { ...words.pages, backups: t.planner.pages.backups };
const isOwn = (page: MovePage): page is keyof typeof bodies => page in bodies;
const placeOf = ({ code, blocking }: Warning): MovePage => {
  if (/threshold|quorum/.test(code)) return 'threshold';
  if (aboutBackups.has(code)) return 'backups';
  return blocking ? 'repository' : 'review';
};

/** Opens a TUF 1.0 repository that succeeds a Notary collection: the same holders, the same keys, the same targets. */
function MovePlan() {
  const { draft, subject: from, revising, page, visited, change, goTo, end } = usePlanning(useMove);
  const problems = useMemo(() => moveProblems(draft, from), [draft, from]);
  const migration = useMemo(() => migrationOf(draft, from), [draft, from]);
  const files = useMemo(() => besidePlan(draft.currentTargets), [draft.currentTargets]);
  const { rehearsal } = from;
  return (
    <PlanFrame<MovePage>
      title={revising ? t.change.revising : words.title}
      crumbs={[from.name, words.title]}
      rehearsal={rehearsal}
      pages={movePages
        .filter(isOwn)
        .filter(name => !rehearsal || name !== 'validity')
        .map(name => {
          const Body = bodies[name];
          const error = (field: string) => (visited.has(name) ? problems[name][field] : undefined);
          return { name, ...pageWords[name], body: <Body error={error} /> };
        })}
      page={page}
      visited={visited}
      goTo={goTo}
      problems={problems}
      room={draft}
      onRoom={change}
      plan={migration}
      files={files}
      placeOf={placeOf}
      revising={revising}
      end={end}
      fixed={words.fixed}
    />
  );
}

export function MoveScreen() {
  const there = useMove(state => state.plan !== null);
  return there ? <MovePlan /> : null;
}
