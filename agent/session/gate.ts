// The read-only gate: what may be sent to a device. Asked for all of a session's commands before the device is
// touched; the platform's data decides, and what the data does not name is refused unless writing is allowed.
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { readsOnly } from '../../proto/platform.js';
import { DeviceFailure } from '../failure.js';
import type { Rules } from '../line/platform.js';

/** Why a command may not be sent, or null when it may. */
export function refusal(rules: Rules, command: string, allowWrites: boolean): string | null {
  const quoted = JSON.stringify(command);
  if (command.trim() === '') return 'an empty command';
  // Whatever is allowed: one line is one command.
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(command)) return `${quoted} holds a control character`;
  if (allowWrites || readsOnly(rules.platform, command)) return null;
  return `${quoted} is not a command that only reads on ${rules.platform.name}`;
}

/** Throws a DeviceFailure for the first of the commands that may not be sent. */
export function admit(rules: Rules, commands: readonly string[], allowWrites: boolean): void {
  for (const command of commands) {
    const reason = refusal(rules, command, allowWrites);
    if (reason !== null) throw new DeviceFailure(Kind.NOT_ALLOWED, Stage.PLAN, reason);
  }
}
