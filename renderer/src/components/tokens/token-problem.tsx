import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ReplyOf } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { t } from '../../messages/index.ts';
import { Action } from '../action.tsx';
import { Notice } from '../notice.tsx';
import { useSaveFile } from '../save-file.tsx';
import css from './token-problem.module.css';

const words = t.tokens.problem;

/** The rule for udev: as a file to save, and as the command that puts it in its place. */
export function DeviceRule() {
  const [rule, setRule] = useState<ReplyOf<'readDeviceRule'> | null>(null);
  const [problem, setProblem] = useState<ErrorReport | null>(null);
  const { save, saving, status } = useSaveFile(words.ruleTitle);
  useEffect(() => {
    let current = true;
    void ask('readDeviceRule', {}).then(outcome => {
      if (!current) return;
      if (outcome.ok) setRule(outcome.value);
      else setProblem(outcome.error);
    });
    return () => {
      current = false;
    };
  }, []);
  if (problem) {
    return (
      <p className={css.text}>
        {problem.message} {problem.remedy}
      </p>
    );
  }
  if (!rule) return null;
  return (
    <div className={css.how}>
      <Action small busy={saving} onPress={() => void save(rule.file)}>
        {words.ruleSave}
      </Action>
      {status}
      <p className={css.text}>{words.ruleCommand}</p>
      <code className={css.command}>{rule.command}</code>
    </div>
  );
}

/**
 * Why a token cannot be used as it is, and what to do about it.
 * @param name absent: the token is named above
 */
export function TokenProblem({ problem, name }: { readonly problem: ErrorReport; readonly name?: string }) {
  return (
    <Notice tone="warning" title={name ?? problem.message}>
      {name && <p>{problem.message}</p>}
      <p>
        <strong>{t.errors.whatToDo}: </strong>
        {problem.remedy}
      </p>
      {problem.code === 'token-no-permission' && (
        <>
          <p>{words.ruleHow}</p>
          <DeviceRule />
        </>
      )}
    </Notice>
  );
}
