/**
 * Lets one task after the other run: two changes to the same file must not overlap, even in one process.
 * @returns a function that runs a task when all tasks given before it have ended, and hands on its result
 */
export function taskQueue(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return task => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}
