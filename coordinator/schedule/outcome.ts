// How a run ended, in a word.
import { RunState, type ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import { label } from '../../proto/label.js';

/** What a run's exit code says. */
const OUTCOMES: Record<number, string> = {
  0: 'ok',
  1: 'failures',
  2: 'bad input',
  3: 'findings',
  4: 'unreachable',
  5: 'cancelled',
  6: 'stopped',
  70: 'bug',
  130: 'interrupted',
};

export function outcomeOf({ state, exitCode, startedAtMs }: ScheduleRun): string {
  if (state === RunState.STARTED) return startedAtMs === 0 ? 'waits for its turn' : 'running';
  if (state === RunState.ENDED) return exitCode < 0 ? 'killed' : (OUTCOMES[exitCode] ?? `exit ${exitCode}`);
  return label('RUN_STATE', state).replace('-', ' ');
}
