// What a session fails by that takes longer than it may.
import { Kind } from '../../proto/gen/netsweep/v1/model.js';
import type { Course } from '../course.js';
import type { DeviceFailure } from '../failure.js';
import type { Passage } from '../ssh/bastions.js';
import type { Shell } from '../ssh/shell.js';
import type { Limit } from '../watch.js';
import type { SessionTask } from './seam.js';
import type { Walk } from './walk.js';

/** Those whose end is the session's. */
export type Overdue = Exclude<Limit, 'quiet' | 'wake' | 'leave'>;

/** How far the session has got. */
export interface Reached {
  course: Course;
  passage: Passage | null;
  shell: Shell | null;
  walk: Walk | null;
}

export function overdue(limit: Overdue, limits: SessionTask['limits'], reached: Reached): DeviceFailure {
  const { course, passage, shell } = reached;
  const { connectMs, idleMs, commandMs, deviceMs } = limits;
  switch (limit) {
    case 'connect':
      return (
        shell?.wire.unreached(connectMs) ??
        passage?.unreached(connectMs) ??
        course.failure(Kind.UNREACHABLE, 'no connection')
      );
    case 'login':
      return noLogin(limits, reached);
    case 'idle':
      return course.failure(Kind.TIMEOUT, `nothing came for ${idleMs} ms`);
    case 'command':
      return course.failure(Kind.TIMEOUT, `the command took more than ${commandMs} ms`);
    case 'device':
      return course.failure(Kind.DEADLINE, `the device took more than ${deviceMs} ms`);
    default:
      return limit satisfies never;
  }
}

function noLogin({ loginMs }: SessionTask['limits'], { course, shell, walk }: Reached): DeviceFailure {
  const greeting = shell?.wire.greeting ?? '';
  if (greeting !== '') return course.failure(Kind.PROTOCOL, `not SSH; it says: ${greeting}`);
  return walk?.noPrompt(loginMs) ?? course.failure(Kind.TIMEOUT, `no login within ${loginMs} ms`);
}
