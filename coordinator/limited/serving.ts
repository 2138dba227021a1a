// The inside of a limited thread: one task after another, each begun under a mark that whoever watches the thread
// can read while it is busy, because a thread that is stuck answers nothing.
import { parentPort, workerData } from 'node:worker_threads';

/** What a thread says about a task; answers come in the order of the tasks. */
export type Answer<Result> = { value: Result } | { error: unknown };

/** How many tasks were begun, and when the last one was (hrtime). */
export const BEGUN = 0;
export const BEGUN_AT = 1;
export const MARKS_BYTES = 16;

/**
 * Called once by a thread's module. `perform` depends on its task alone and is not asynchronous.
 *
 * V8 ends the whole process, not the thread, where a single call of its own (a split of ten megabytes into letters)
 * needs 16 MB more than is left; so it takes texts of bounded size, in steps, and counts what it keeps.
 */
export function serveTasks<Task, Result>(perform: (task: Task) => Result): void {
  const marks = new BigInt64Array(workerData as SharedArrayBuffer); // given by LimitedThread
  parentPort?.on('message', (task: Task) => {
    Atomics.store(marks, BEGUN_AT, process.hrtime.bigint());
    Atomics.add(marks, BEGUN, 1n);
    parentPort?.postMessage(answerTo(task, perform));
  });
}

function answerTo<Task, Result>(task: Task, perform: (task: Task) => Result): Answer<Result> {
  try {
    return { value: perform(task) };
  } catch (error) {
    return { error };
  }
}
